package dev.preamble.training;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a run writes while it goes on: its metrics and its checkpoints; and what it draws at the
 * end. Its first step makes the files: a run that cannot take it leaves the folder as it was.
 */
final class Journal implements TrainingListener, AutoCloseable {
  private final TrainingRun run;
  private final RunFolder files;
  private final Map<String, String> identity;
  private final Curve curve;
  private final List<Consumer<Metrics>> beforeTheFirstStep = new ArrayList<>();
  private Optional<Metrics> metrics = Optional.empty();

  Journal(TrainingRun run, RunFolder files, int steps) {
    this.run = run;
    this.files = files;
    this.identity = identity(run, steps);
    Path name = run.folder().toAbsolutePath().normalize().getFileName();
    this.curve = new Curve("%s learns %s".formatted(name, run.data().name()));
  }

  private static Map<String, String> identity(TrainingRun run, int steps) {
    Map<String, String> identity = new LinkedHashMap<>();
    identity.put("model", run.model().digest());
    identity.put("data", run.data().digest());
    identity.put("evaluation data", run.evaluation().map(Dataset::digest).orElse("none"));
    identity.put("method", run.config().method().name());
    identity.put("seed", Long.toString(run.config().seed()));
    identity.put("number of steps", Integer.toString(steps));
    return identity;
  }

  /** The state that the run begins with: none, or that of the checkpoint, if it is to go on. */
  Optional<Checkpoint> start(
      Parameters like, Optional<Evaluator.Scores> base, Optional<Evaluator.Scores> hardPrompt) {
    if (run.control().start() == RunControl.Start.RESUMED) {
      Checkpoint found = files.resume(like, identity);
      Metrics.replay(files.metrics(), found.metricsBytes(), curve);
      metrics = Optional.of(Metrics.open(files.metrics(), found.metricsBytes()));
      return Optional.of(found);
    }
    files.check(run.control().start() == RunControl.Start.ANEW);
    base.ifPresent(scores -> tell(file -> file.scores("base", scores)));
    hardPrompt.ifPresent(scores -> tell(file -> file.scores("hard_prompt", scores)));
    return Optional.empty();
  }

  private void tell(Consumer<Metrics> event) {
    metrics.ifPresentOrElse(event, () -> beforeTheFirstStep.add(event));
  }

  /** Makes the files, in place of an unfinished run's if it was given up. */
  private void begin() {
    files.make();
    Metrics opened = Metrics.open(files.metrics(), 0);
    metrics = Optional.of(opened);
    files.begin(run.control().settings());
    beforeTheFirstStep.forEach(event -> event.accept(opened));
    beforeTheFirstStep.clear();
  }

  /** Keeps {@code state}, with how far the metrics are. */
  void save(Checkpoint state) {
    state.with(metrics.orElseThrow().forced(), identity).write(files.checkpoint());
  }

  /** Adds the scores of the prompt that was learned. */
  void tuned(Evaluator.Scores scores) {
    metrics.orElseThrow().scores("tuned", scores);
  }

  /**
   * Draws the curve.
   *
   * @return why there is none, if so
   */
  Optional<String> draw() {
    return curve.write(run.folder(), "loss");
  }

  @Override
  public void step(Step step) {
    if (metrics.isEmpty()) {
      begin();
    }
    metrics.orElseThrow().step(step);
    curve.step(step);
  }

  @Override
  public void epoch(Epoch epoch) {
    tell(file -> file.epoch(epoch));
    curve.epoch(epoch);
  }

  @Override
  public void scored(Scored scored) {
    metrics.orElseThrow().scored(scored);
    curve.scored(scored);
  }

  @Override
  public void close() {
    metrics.ifPresent(Metrics::close);
  }
}
