package dev.preamble.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.training.Dataset;
import dev.preamble.training.Initialisation;
import dev.preamble.training.OptimizerConfig;
import dev.preamble.training.ReportTable;
import dev.preamble.training.Schedule;
import dev.preamble.training.Trainer;
import dev.preamble.training.TrainingConfig;
import dev.preamble.training.TrainingListener;
import dev.preamble.training.TrainingRun;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code train}: tunes a prompt on a file of rows and saves it as a PEFT adapter. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Tunes a prompt on JSON lines and saves it as PEFT saves it.")
final class TrainCommand implements Runnable {
  @Mixin private ModelOption model;
  @Mixin private DataOption data;
  @Mixin private OutputOptions output;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "FILE",
      description =
          "Rows {\"text\",\"label\"} or {\"prompt\",\"completion\"}, a JSON object a line.")
  private Path file;

  @Option(names = "--eval", paramLabel = "FILE", description = "Rows to score on.")
  private Optional<Path> evaluation = Optional.empty();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where the adapter goes.")
  private Path folder;

  @Option(
      names = "--virtual-tokens",
      paramLabel = "N",
      defaultValue = "16",
      description = "Rows of the prompt (${DEFAULT-VALUE}).")
  private int virtualTokens;

  @Option(
      names = "--init",
      paramLabel = "text|vocabulary|random",
      description =
          "What the rows start from: a text (with --init-text), tokens drawn from the vocabulary (the default), or noise.")
  private Optional<String> initialisation = Optional.empty();

  @Option(names = "--init-text", paramLabel = "TEXT", description = "The text to start from.")
  private Optional<String> initText = Optional.empty();

  @Option(names = "--epochs", paramLabel = "N", defaultValue = "4")
  private int epochs;

  @Option(names = "--batch-size", paramLabel = "N", defaultValue = "16")
  private int batchSize;

  @Option(
      names = "--lr",
      paramLabel = "X",
      defaultValue = "0.05",
      description = "Peak learning rate (${DEFAULT-VALUE}).")
  private double learningRate;

  @Option(
      names = "--schedule",
      paramLabel = "constant|linear|cosine",
      defaultValue = "cosine",
      description = "How the rate falls after the warm-up (${DEFAULT-VALUE}).")
  private String schedule;

  @Option(
      names = "--warmup",
      paramLabel = "SHARE",
      defaultValue = "0.1",
      description = "Share of the steps over which the rate rises (${DEFAULT-VALUE}).")
  private double warmup;

  @Option(names = "--weight-decay", paramLabel = "X", defaultValue = "0")
  private double weightDecay;

  @Option(
      names = "--max-grad-norm",
      paramLabel = "X",
      defaultValue = "1",
      description = "Longer gradients are cut to this norm; 0 leaves them (${DEFAULT-VALUE}).")
  private double maxGradNorm;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "0")
  private long seed;

  @Override
  public void run() {
    TrainingConfig config = config();
    if (evaluation.isEmpty() && data.hasHardPrompt()) {
      throw new UsageException("--hard-prompt is scored on the rows of --eval; give that too");
    }
    try (FrozenModel opened = model.open()) {
      Trainer trainer = new Trainer(opened, config);
      Dataset rows = data.read(opened, virtualTokens, file, output.err());
      Optional<Dataset> scored =
          evaluation.map(each -> data.read(opened, virtualTokens, each, output.err()));
      Optional<Dataset> hardPrompted =
          evaluation.flatMap(each -> data.readHardPrompted(opened, each));
      TrainingRun run = new TrainingRun(opened, config, rows, scored, hardPrompted, folder);
      TrainingRun.Report report = train(run, trainer.steps(rows));
      output.print(json(report), () -> text(report));
    }
  }

  private TrainingRun.Report train(TrainingRun run, int steps) {
    if (!output.showsProgress()) {
      return run.run(TrainingListener.SILENT);
    }
    try (TrainingProgress progress = new TrainingProgress(steps)) {
      return run.run(progress);
    }
  }

  private TrainingConfig config() {
    OptimizerConfig optimizer =
        new OptimizerConfig(
            learningRate,
            Choice.of(Schedule.class, "--schedule", schedule),
            warmup,
            weightDecay,
            0.9,
            0.999,
            1e-8,
            maxGradNorm);
    return new TrainingConfig(
        new PromptTuningConfig(virtualTokens, initialisation()),
        epochs,
        batchSize,
        optimizer,
        seed,
        model.threads());
  }

  private Initialisation initialisation() {
    String kind = initialisation.orElse(initText.isPresent() ? "text" : "vocabulary");
    if (initText.isPresent() && !kind.equals("text")) {
      throw new UsageException("--init-text goes with --init text, found --init " + kind);
    }
    return switch (kind) {
      case "text" ->
          new Initialisation.Text(
              initText.orElseThrow(
                  () -> new UsageException("--init text needs --init-text with the text")));
      case "vocabulary" -> new Initialisation.SampledVocabulary();
      case "random" -> new Initialisation.Random();
      default ->
          throw new UsageException(
              "--init: expected text, vocabulary or random, found \"" + kind + "\"");
    };
  }

  private String text(TrainingRun.Report report) {
    return "%s%nadapter in %s, tuned in %s s%n"
        .formatted(
            report.base().isPresent() ? "\n" + ReportTable.of(report).text() : "",
            folder,
            String.format(Locale.ROOT, "%.1f", report.trainingSeconds()));
  }

  private ObjectNode json(TrainingRun.Report report) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("adapter", folder.toString())
        .put("digest", report.adapter().digest())
        .put("training_seconds", report.trainingSeconds());
    ReportTable.of(report).addTo(json.putObject("scores"));
    return json;
  }
}
