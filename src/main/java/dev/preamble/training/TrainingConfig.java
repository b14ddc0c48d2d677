package dev.preamble.training;

import dev.preamble.training.method.MethodConfig;

/**
 * A training run's settings.
 *
 * @param method what is learned, with its settings
 * @param epochs passes over the data
 * @param batching how rows become steps
 * @param objective what the loss asks for
 * @param optimizer how a gradient becomes a step
 * @param evaluation when the run is scored
 * @param seed decides the order of the data and what is random in the initialisation
 * @param threads threads that compute
 */
public record TrainingConfig(
    MethodConfig method,
    int epochs,
    Batching batching,
    Objective objective,
    OptimizerConfig optimizer,
    EvaluationPlan evaluation,
    long seed,
    int threads) {
  /** Refuses sizes below 1. */
  public TrainingConfig {
    check(epochs, "epochs");
    check(threads, "threads");
  }

  /** Batches of {@code batchSize} rows, a loss over the vocabulary, scored after each epoch. */
  public TrainingConfig(
      MethodConfig method,
      int epochs,
      int batchSize,
      OptimizerConfig optimizer,
      long seed,
      int threads) {
    this(
        method,
        epochs,
        Batching.of(batchSize),
        Objective.VOCABULARY,
        optimizer,
        EvaluationPlan.defaults(),
        seed,
        threads);
  }

  private static void check(int found, String name) {
    if (found < 1) {
      throw new TrainingException("%s: expected 1 or more, found %d".formatted(name, found));
    }
  }
}
