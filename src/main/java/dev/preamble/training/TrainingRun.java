package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.ModelCard;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A whole run: the base model scored, a hard prompt beside it, the adapter trained and scored, the
 * adapter saved with its card and {@code metrics.jsonl}.
 *
 * @param model what the prompt is for
 * @param config how it is tuned
 * @param data what it learns from
 * @param evaluation what it is scored on, if anything
 * @param hardPrompted the same rows behind a hard prompt, to compare with, if one was given
 * @param folder where the adapter goes
 */
public record TrainingRun(
    FrozenModel model,
    TrainingConfig config,
    Dataset data,
    Optional<Dataset> evaluation,
    Optional<Dataset> hardPrompted,
    Path folder) {

  /**
   * What came out.
   *
   * @param adapter the adapter as it was saved
   * @param base the model's scores without any prompt
   * @param hardPrompt its scores with the hard prompt
   * @param tuned its scores with the tuned prompt
   * @param trainingSeconds time of the tuning, evaluation between epochs included
   */
  public record Report(
      Adapter adapter,
      Optional<Evaluator.Scores> base,
      Optional<Evaluator.Scores> hardPrompt,
      Optional<Evaluator.Scores> tuned,
      double trainingSeconds) {}

  /** Runs it; {@code listener} hears every step and epoch. */
  public Report run(TrainingListener listener) {
    try (Evaluator evaluator = new Evaluator(model, config.threads())) {
      Optional<Evaluator.Scores> base = evaluation.map(evaluator::score);
      Optional<Evaluator.Scores> hard = hardPrompted.map(evaluator::score);
      Metrics metrics = new Metrics();
      base.ifPresent(scores -> metrics.scores("base", scores));
      hard.ifPresent(scores -> metrics.scores("hard_prompt", scores));

      long start = System.nanoTime();
      LastScores last = new LastScores();
      Adapter adapter =
          new Trainer(model, config)
              .train(
                  data,
                  evaluation.map(each -> new Trainer.Evaluation(evaluator, each)),
                  new Listeners(listener, metrics, last));
      double seconds = (System.nanoTime() - start) / 1e9;
      last.scores.ifPresent(scores -> metrics.scores("tuned", scores));

      Report report = new Report(adapter, base, hard, last.scores, seconds);
      adapter.save(folder, ModelCard.of(adapter, ReportTable.markdown(this, report)));
      metrics.write(folder.resolve("metrics.jsonl"));
      return report;
    }
  }

  private static final class LastScores implements TrainingListener {
    private Optional<Evaluator.Scores> scores = Optional.empty();

    @Override
    public void epoch(Epoch epoch) {
      scores = epoch.scores();
    }
  }

  private record Listeners(TrainingListener... all) implements TrainingListener {
    @Override
    public void step(Step step) {
      for (TrainingListener each : all) {
        each.step(step);
      }
    }

    @Override
    public void epoch(Epoch epoch) {
      for (TrainingListener each : all) {
        each.epoch(epoch);
      }
    }
  }
}
