package dev.preamble.cli;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.Dataset;
import dev.preamble.training.RunControl;
import dev.preamble.training.Trainer;
import dev.preamble.training.TrainingConfig;
import dev.preamble.training.TrainingRun;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a run needs, opened and read as its settings say.
 *
 * @param model the frozen model
 * @param config how it is learned
 * @param data what it learns from
 * @param evaluation what it is scored on
 * @param hardPrompted the same behind the hard prompt
 */
record PreparedRun(
    FrozenModel model,
    TrainingConfig config,
    Dataset data,
    Optional<Dataset> evaluation,
    Optional<Dataset> hardPrompted)
    implements AutoCloseable {

  /**
   * Opens the model and reads the data.
   *
   * @param warnings told of each line that is left out, and of rows that are cut
   */
  static PreparedRun of(Settings settings, PrintWriter warnings) {
    Optional<Path> scored = settings.path("eval");
    if (scored.isEmpty() && settings.text("hard-prompt").isPresent()) {
      throw new UsageException("--hard-prompt is scored on the rows of --eval; give that too");
    }
    boolean scores =
        settings.whole("patience") > 0
            || settings.whole("eval-every") > 0
            || settings.text("best-by").isPresent();
    if (scored.isEmpty() && scores) {
      throw new UsageException(
          "--patience, --eval-every and --best-by need rows to score on; give --eval too");
    }
    MethodSettings method = new MethodSettings(settings);
    RowSettings rows = new RowSettings(settings);
    ModelSettings models = new ModelSettings(settings);
    int threads = models.threads();
    int virtualTokens = method.virtualTokens();
    FrozenModel model = models.open();
    try {
      if (!method.isOfContext()) {
        Trainer.checkRoom(model, virtualTokens);
      }
      Dataset data = rows.read(model, virtualTokens, Path.of(settings.required("data")), warnings);
      TrainingConfig config =
          new RunSettings(settings).config(method.config(data, model.tokenizer()), threads);
      new Trainer(model, config);
      return new PreparedRun(
          model,
          config,
          data,
          scored.map(each -> rows.read(model, virtualTokens, each, warnings)),
          scored.flatMap(each -> rows.readHardPrompted(model, each, warnings)));
    } catch (RuntimeException fault) {
      model.close();
      throw fault;
    }
  }

  /** The run into {@code folder}. */
  TrainingRun run(Path folder, RunControl control) {
    return new TrainingRun(model, config, data, evaluation, hardPrompted, folder, control);
  }

  /** {@code settings} of this run, with what they leave open written out. */
  Settings resolved(Settings settings) {
    Settings learning = new RunSettings(settings).resolved(config);
    return new MethodSettings(learning).resolved(config.method(), model);
  }

  /** Steps of the run. */
  int steps() {
    return new Trainer(model, config).steps(data);
  }

  /**
   * How good the tuned prompt of {@code report} is by the run's criterion, the higher the better.
   */
  double bestValue(TrainingRun.Report report) {
    return config.evaluation().best().value(report.tuned().orElseThrow());
  }

  @Override
  public void close() {
    data.close();
    evaluation.ifPresent(Dataset::close);
    hardPrompted.ifPresent(Dataset::close);
    model.close();
  }
}
