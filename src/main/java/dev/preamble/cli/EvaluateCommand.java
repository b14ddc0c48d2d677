package dev.preamble.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.training.Dataset;
import dev.preamble.training.Evaluator;
import dev.preamble.training.ReportTable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaluate}: scores base model, hard prompt and adapter on the same rows. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    modelTransformer = EvaluateCommand.Options.class,
    description = "Scores the base model, a hard prompt and an adapter on the same rows.")
final class EvaluateCommand implements Runnable {
  private static final List<Setting> SETTINGS =
      Stream.of(Setting.MODEL, Setting.ROWS).flatMap(List::stream).toList();

  @Spec private CommandSpec spec;
  @Mixin private OutputOptions output;

  @Option(names = "--adapter", paramLabel = "DIR", description = "Adapter to score, of any kind.")
  private Optional<Path> adapter = Optional.empty();

  @Option(
      names = "--task-id",
      paramLabel = "N",
      description =
          "Which task's prompt of the adapter stands before all rows; each row's own field task says it if not given.")
  private Optional<Integer> task = Optional.empty();

  static final class Options implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
      Settings.declare(command, SETTINGS);
      return command;
    }
  }

  @Override
  public void run() {
    if (task.isPresent() && adapter.isEmpty()) {
      throw new UsageException("--task-id says which prompt of --adapter is meant; give that too");
    }
    Settings settings =
        Settings.ofFlags(SETTINGS, spec.commandLine().getParseResult()).overPresets(false);
    Path file = Path.of(settings.required("data"));
    ModelSettings models = new ModelSettings(settings);
    RowSettings reader = new RowSettings(settings);
    Optional<Adapter> read = adapter.map(Adapter::open);
    int virtualTokens = read.map(Adapter::virtualTokens).orElse(0);
    try (FrozenModel model = models.open();
        Evaluator evaluator = new Evaluator(model, models.threads());
        Dataset rows = reader.read(model, virtualTokens, file, output.err())) {
      ReportTable table =
          new ReportTable()
              .add("base model", Optional.of(evaluator.score(rows)))
              .add(
                  "hard prompt",
                  reader.readHardPrompted(model, file, output.err()).map(evaluator::score))
              .add("adapter", read.map(each -> score(evaluator, model, each, rows)));
      ObjectNode json = new ObjectMapper().createObjectNode();
      json.put("data", file.toString()).put("rows", rows.examples().size());
      table.addTo(json.putObject("scores"));
      output.print(json, table::text);
    }
  }

  private Evaluator.Scores score(
      Evaluator evaluator, FrozenModel model, Adapter read, Dataset rows) {
    return task.map(id -> evaluator.score(read.entry(model.baseModel().shape(), id), rows))
        .orElseGet(() -> evaluator.score(read, rows));
  }
}
