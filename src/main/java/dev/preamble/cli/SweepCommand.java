package dev.preamble.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.training.RunControl;
import dev.preamble.training.TrainingListener;
import dev.preamble.training.TrainingRun;
import dev.preamble.training.TrainingStoppedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code sweep}: a run of {@code train} for several values of a few settings, the best one kept.
 */
@Command(
    name = "sweep",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    modelTransformer = TrainCommand.Options.class,
    description =
        "Trains with several values of --lr, --virtual-tokens and --init, given between commas (a grid), or drawn from them and from ranges such as 0.001..0.1 (--trials N). Prints one table and saves the best adapter. A sweep that was stopped goes on when it is started again.")
final class SweepCommand implements Runnable {
  @Spec private CommandSpec spec;
  @Mixin private OutputOptions output;

  @Option(names = "--config", paramLabel = "FILE", description = "Settings in YAML; flags win.")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--trials",
      paramLabel = "N",
      description = "Draw N trials at random (by --seed) instead of trying every combination.")
  private Optional<Integer> trials = Optional.empty();

  @Override
  public void run() {
    Settings flags = Settings.ofFlags(Setting.all(), spec.commandLine().getParseResult());
    Settings settings =
        file.map(each -> flags.over(Settings.ofFile(Setting.all(), each)))
            .orElse(flags)
            .overPresets(false);
    if (settings.text("eval").isEmpty()) {
      throw new UsageException("sweep: the trials are compared on the rows of --eval; give it");
    }
    Path out = OutputFolder.require(Path.of(settings.required("out")));
    List<Map<String, String>> planned = plan(settings);
    SweepRecord record = SweepRecord.open(out, settings);
    try (Interruption interruption = new Interruption()) {
      run(settings, out, planned, record, interruption);
    }
  }

  /** Tells of being stopped before the interruption is closed, which lets the process end. */
  private void run(
      Settings settings,
      Path out,
      List<Map<String, String>> planned,
      SweepRecord record,
      Interruption interruption) {
    List<Trial> done = new ArrayList<>();
    try {
      for (Map<String, String> values : planned) {
        done.add(
            record.find(values).orElseGet(() -> trial(settings, values, record, interruption)));
        tell(done.getLast(), done.size(), planned.size());
      }
      Trial best = record.best(done);
      output.print(json(out, done, best), () -> SweepTable.text(done, best, out));
    } catch (TrainingStoppedException stopped) {
      output
          .err()
          .printf(
              "preamble: stopped; %d of %d trials are done and kept: the same command goes on with the others%n",
              done.size(), planned.size());
      output.err().flush();
    }
  }

  private List<Map<String, String>> plan(Settings settings) {
    SweepPlan plan = new SweepPlan(settings);
    int count = trials.orElse(1);
    if (count < 1) {
      throw new UsageException("--trials: expected 1 or more, found " + count);
    }
    return trials.isPresent() ? plan.random(count, settings.wholeLong("seed")) : plan.grid();
  }

  private Trial trial(
      Settings base, Map<String, String> values, SweepRecord record, Interruption interruption) {
    Settings settings = base;
    for (Map.Entry<String, String> value : values.entrySet()) {
      settings = settings.with(value.getKey(), value.getValue());
    }
    Path folder = record.trialFolder();
    try (PreparedRun prepared =
        PreparedRun.of(settings.with("out", folder.toString()), output.err())) {
      RunControl control =
          new RunControl(
              settings.whole("save-every"),
              RunControl.Start.ANEW,
              interruption::isAsked,
              Optional.of(prepared.resolved(settings).yaml()));
      TrainingRun.Report report = train(prepared, folder, control);
      return record.add(Trial.of(values, prepared.bestValue(report), report));
    }
  }

  private TrainingRun.Report train(PreparedRun prepared, Path folder, RunControl control) {
    TrainingRun run = prepared.run(folder, control);
    if (!output.showsProgress()) {
      return run.run(TrainingListener.SILENT);
    }
    try (TrainingProgress progress = TrainingProgress.barAlone(prepared.steps())) {
      return run.run(progress);
    }
  }

  private void tell(Trial trial, int number, int of) {
    if (output.showsProgress()) {
      String share = trial.hasLabels() ? "accuracy" : "exact";
      output
          .err()
          .printf(
              Locale.ROOT,
              "trial %d of %d: %s: %s %.1f %%, loss %.3f%n",
              number,
              of,
              trial.settings(),
              share,
              100 * trial.tuned(share),
              trial.tuned("loss"));
      output.err().flush();
    }
  }

  private static ObjectNode json(Path out, List<Trial> done, Trial best) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("adapter", out.toString()).put("digest", best.digest());
    ArrayNode all = json.putArray("trials");
    done.stream()
        .sorted(Comparator.comparingDouble(Trial::value).reversed())
        .forEach(each -> all.add(each.json()));
    return json;
  }
}
