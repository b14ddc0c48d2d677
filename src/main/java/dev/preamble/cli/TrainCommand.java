package dev.preamble.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.training.ReportTable;
import dev.preamble.training.RunControl;
import dev.preamble.training.TrainingListener;
import dev.preamble.training.TrainingRun;
import dev.preamble.training.TrainingStoppedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code train}: tunes a prompt on a file of rows and saves it as a PEFT adapter. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    modelTransformer = TrainCommand.Options.class,
    description =
        "Tunes a prompt on rows of data and saves it as PEFT saves it. Every option but those above --model can stand in a --config file as 'option: value', without the dashes.")
final class TrainCommand implements Runnable {
  /** What may change when a run is taken up again: it does not decide what is learned, or heals. */
  private static final Set<String> CHANGEABLE =
      Set.of(
          "threads",
          "device",
          "onnxruntime",
          "lr",
          "max-grad-norm",
          "patience",
          "save-every",
          "out");

  @Spec private CommandSpec spec;
  @Mixin private OutputOptions output;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Settings in YAML, such as the preamble_run.yaml of a run; flags win.")
  private Optional<Path> file = Optional.empty();

  @Option(names = "--resume", description = "Go on with the unfinished run in --out.")
  private boolean resume;

  @Option(names = "--restart", description = "Give up the unfinished run in --out and begin anew.")
  private boolean restart;

  @Option(
      names = "--peft-defaults",
      description =
          "Take PEFT's and transformers' own defaults (random start, learning rate 5e-5, 3 epochs, …), to compare with.")
  private boolean peftDefaults;

  static final class Options implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
      Settings.declare(command, Setting.all());
      return command;
    }
  }

  @Override
  public void run() {
    if (resume && (restart || file.isPresent())) {
      throw new UsageException(
          "--resume takes the settings of the run it goes on with; leave --restart and --config out");
    }
    Settings settings = settings();
    Path out = OutputFolder.require(Path.of(settings.required("out")));
    settings.required("data");
    try (Interruption interruption = new Interruption()) {
      run(settings, out, interruption);
    }
  }

  /** Tells of being stopped before the interruption is closed, which lets the process end. */
  private void run(Settings settings, Path out, Interruption interruption) {
    try (PreparedRun prepared = PreparedRun.of(settings, output.err())) {
      RunControl control =
          new RunControl(
              settings.whole("save-every"),
              resume
                  ? RunControl.Start.RESUMED
                  : restart ? RunControl.Start.ANEW : RunControl.Start.NEW,
              interruption::isAsked,
              Optional.of(prepared.resolved(settings).yaml()));
      TrainingRun run = prepared.run(out, control);
      report(out, train(run, prepared.steps()));
    } catch (TrainingStoppedException stopped) {
      output.err().println("preamble: " + stopped.getMessage());
      output.err().flush();
    }
  }

  private Settings settings() {
    Settings flags = Settings.ofFlags(Setting.all(), spec.commandLine().getParseResult());
    if (!resume) {
      return file.map(each -> flags.over(Settings.ofFile(Setting.all(), each)))
          .orElse(flags)
          .overPresets(peftDefaults);
    }
    Path saved = Path.of(flags.required("out")).resolve(TrainingRun.SETTINGS);
    if (!Files.exists(saved)) {
      throw new UsageException(
          "--resume: expected an unfinished run in %s, found no %s there"
              .formatted(saved.getParent(), TrainingRun.SETTINGS));
    }
    Settings begun = Settings.ofFile(Setting.all(), saved);
    Settings resumed = flags.over(begun);
    Set<String> changed = new HashSet<>(resumed.differing(begun));
    changed.removeAll(CHANGEABLE);
    if (!changed.isEmpty()) {
      String key = changed.stream().sorted().findFirst().orElseThrow();
      throw new UsageException(
          "--resume: the run was begun with --%s %s, found %s; leave it out, or begin anew with --restart"
              .formatted(key, begun.text(key).orElse("(none)"), resumed.required(key)));
    }
    return resumed;
  }

  private TrainingRun.Report train(TrainingRun run, int steps) {
    if (!output.showsProgress()) {
      return run.run(TrainingListener.SILENT);
    }
    try (TrainingProgress progress = new TrainingProgress(steps)) {
      return run.run(progress);
    }
  }

  private void report(Path folder, TrainingRun.Report report) {
    report.warning().ifPresent(warning -> output.err().println("preamble: warning: " + warning));
    output.print(json(folder, report), () -> text(folder, report));
  }

  private static String text(Path folder, TrainingRun.Report report) {
    return "%s%nadapter in %s, tuned in %s s; as it was after step %d of %d%n"
        .formatted(
            report.base().isPresent() ? "\n" + ReportTable.of(report).text() : "",
            folder,
            String.format(Locale.ROOT, "%.1f", report.trainingSeconds()),
            report.outcome().bestStep(),
            report.outcome().planned());
  }

  static ObjectNode json(Path folder, TrainingRun.Report report) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("adapter", folder.toString())
        .put("digest", report.adapter().digest())
        .put("training_seconds", report.trainingSeconds())
        .put("steps", report.outcome().steps())
        .put("best_step", report.outcome().bestStep());
    ReportTable.of(report).addTo(json.putObject("scores"));
    return json;
  }
}
