package dev.preamble.training;

import dev.preamble.training.method.MethodConfig;

/**
 * A training run's settings.
 *
 * @param method what is learned, with its settings
 * @param epochs passes over the data
 * @param batchSize rows a step
 * @param optimizer how a gradient becomes a step
 * @param seed decides the order of the data and what is random in the initialisation
 * @param threads threads that compute
 */
public record TrainingConfig(
    MethodConfig method,
    int epochs,
    int batchSize,
    OptimizerConfig optimizer,
    long seed,
    int threads) {
  /** Refuses sizes below 1. */
  public TrainingConfig {
    check(epochs, "epochs");
    check(batchSize, "batch size");
    check(threads, "threads");
  }

  private static void check(int found, String name) {
    if (found < 1) {
      throw new TrainingException("%s: expected 1 or more, found %d".formatted(name, found));
    }
  }
}
