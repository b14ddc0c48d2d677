package dev.preamble.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.training.Dataset;
import dev.preamble.training.Evaluator;
import dev.preamble.training.ReportTable;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code evaluate}: scores base model, hard prompt and adapter on the same rows. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Scores the base model, a hard prompt and an adapter on the same rows.")
final class EvaluateCommand implements Runnable {
  @Mixin private ModelOption model;
  @Mixin private DataOption data;
  @Mixin private OutputOptions output;

  @Option(names = "--data", required = true, paramLabel = "FILE", description = "Rows to score on.")
  private Path file;

  @Option(names = "--adapter", paramLabel = "DIR", description = "Adapter to score.")
  private Optional<Path> adapter = Optional.empty();

  @Override
  public void run() {
    try (FrozenModel opened = model.open();
        Evaluator evaluator = new Evaluator(opened, model.threads())) {
      Optional<Adapter> read = adapter.map(Adapter::open);
      int virtualTokens = read.map(Adapter::virtualTokens).orElse(0);
      Dataset rows = data.read(opened, virtualTokens, file, output.err());
      ReportTable table =
          new ReportTable()
              .add("base model", Optional.of(evaluator.score(rows)))
              .add("hard prompt", data.readHardPrompted(opened, file).map(evaluator::score))
              .add("adapter", read.map(each -> evaluator.score(each, rows)));
      ObjectNode json = new ObjectMapper().createObjectNode();
      json.put("data", file.toString()).put("rows", rows.examples().size());
      table.addTo(json.putObject("scores"));
      output.print(json, table::text);
    }
  }
}
