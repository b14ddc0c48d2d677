package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.training.method.LearningMethod;
import java.util.Optional;

/**
 * Trains an adapter. The same model, data, settings and machine give the same parameters, bit for
 * bit.
 *
 * <p>Each epoch sees the rows in an order of its own, drawn from the seed; the last step of an
 * epoch has what is left. The gradient of a step is that of the mean loss over the labels of its
 * batches.
 */
public final class Trainer {
  private final FrozenModel model;
  private final TrainingConfig config;
  private final LearningMethod method;

  /**
   * A trainer of {@code model} with {@code config}.
   *
   * @throws TrainingException if the model has no room for the virtual tokens
   */
  public Trainer(FrozenModel model, TrainingConfig config) {
    this.model = model;
    this.config = config;
    this.method = config.method().method(model);
    GradientStep.checkFits(model, method.virtualTokens());
  }

  /**
   * Refuses a prompt that leaves {@code model} no position for a text.
   *
   * @throws TrainingException if so, or if there is no virtual token
   */
  public static void checkRoom(FrozenModel model, int virtualTokens) {
    GradientStep.checkFits(model, virtualTokens);
  }

  /** Data to score on, with what scores it. */
  public record Evaluation(Evaluator evaluator, Dataset data) {
    Evaluator.Scores scores(Adapter adapter) {
      return evaluator.score(adapter, data);
    }
  }

  /**
   * What a run learned.
   *
   * @param adapter the best one where there were evaluations, else the last
   * @param scores its scores
   * @param steps steps done
   * @param bestStep the step after which the adapter was as it is
   * @param planned steps that the run would have had without ending early
   */
  public record Outcome(
      Adapter adapter, Optional<Evaluator.Scores> scores, int steps, int bestStep, int planned) {}

  /**
   * Trains on {@code data}.
   *
   * @param evaluation what scores the prompt as the run goes on, if anything
   * @return the adapter that was learned
   * @throws TrainingException if a row does not fit the model, or the loss is no number
   */
  public Adapter train(Dataset data, Optional<Evaluation> evaluation, TrainingListener listener) {
    return train(data, evaluation, listener, TrainingControl.NONE).adapter();
  }

  /** As {@link #train(Dataset, Optional, TrainingListener)}, stopped and taken up as said. */
  Outcome train(
      Dataset data,
      Optional<Evaluation> evaluation,
      TrainingListener listener,
      TrainingControl control) {
    checkLengths(data);
    if (config.objective() == Objective.LABELS && data.labels().isEmpty()) {
      throw new TrainingException(
          data.name()
              + ": a loss over the labels (--loss labels) needs rows with labels (--labels)");
    }
    BatchPlan plan = plan(data);
    TrainingLoop loop = new TrainingLoop(method, config, plan, data, evaluation, listener, control);
    GradientStep.Asked asked =
        new GradientStep.Asked(
            data.labels().filter(labels -> config.objective() == Objective.LABELS),
            plan.mostLabels(method.promptLabels()));
    try (GradientStep step = new GradientStep(model, method, asked, config.threads())) {
      return loop.run(step::run, step.lossScale());
    }
  }

  /** Number of steps that training on {@code data} takes. */
  public int steps(Dataset data) {
    return plan(data).steps();
  }

  private BatchPlan plan(Dataset data) {
    return new BatchPlan(data, config.batching(), config.epochs(), config.seed());
  }

  private void checkLengths(Dataset data) {
    int room = model.manifest().contextLength() - method.virtualTokens();
    int longest = data.longest();
    if (longest > room) {
      throw new TrainingException(
          "%s: expected rows of at most %d tokens beside %d virtual ones, for the model has %d positions; found %d; cut them with --max-tokens %d"
              .formatted(
                  data.name(),
                  room,
                  method.virtualTokens(),
                  model.manifest().contextLength(),
                  longest,
                  room));
    }
  }
}
