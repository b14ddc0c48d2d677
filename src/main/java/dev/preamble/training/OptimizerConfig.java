package dev.preamble.training;

/**
 * How a gradient becomes a step.
 *
 * @param algorithm what makes the step
 * @param learningRate the peak of the schedule
 * @param schedule how the rate moves
 * @param warmup the share of all steps over which the rate rises, 0 to 1
 * @param weightDecay decoupled weight decay
 * @param beta1 decay of the mean of gradients
 * @param beta2 decay of the mean of their squares
 * @param epsilon keeps the division finite
 * @param maxGradNorm longer gradients are scaled down to this Euclidean norm; 0 leaves them
 */
public record OptimizerConfig(
    Algorithm algorithm,
    double learningRate,
    Schedule schedule,
    double warmup,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double maxGradNorm) {
  /** Refuses rates that cannot work. */
  public OptimizerConfig {
    check(learningRate > 0 && Double.isFinite(learningRate), "learning rate", "> 0", learningRate);
    check(warmup >= 0 && warmup <= 1, "warm-up", "a share from 0 to 1", warmup);
    check(weightDecay >= 0, "weight decay", ">= 0", weightDecay);
    check(beta1 >= 0 && beta1 < 1, "beta1", "in [0, 1)", beta1);
    check(beta2 >= 0 && beta2 < 1, "beta2", "in [0, 1)", beta2);
    check(epsilon > 0, "epsilon", "> 0", epsilon);
    check(maxGradNorm >= 0, "gradient norm", ">= 0", maxGradNorm);
  }

  /** AdamW. */
  public OptimizerConfig(
      double learningRate,
      Schedule schedule,
      double warmup,
      double weightDecay,
      double beta1,
      double beta2,
      double epsilon,
      double maxGradNorm) {
    this(
        Algorithm.ADAMW,
        learningRate,
        schedule,
        warmup,
        weightDecay,
        beta1,
        beta2,
        epsilon,
        maxGradNorm);
  }

  /** Settings with which prompts learn: peak 0.05, cosine to 0, a tenth of warm-up, no decay. */
  public static OptimizerConfig defaults() {
    return new OptimizerConfig(0.05, Schedule.COSINE, 0.1, 0, 0.9, 0.999, 1e-8, 1);
  }

  /** These settings with another peak learning rate. */
  public OptimizerConfig withLearningRate(double rate) {
    return new OptimizerConfig(
        algorithm, rate, schedule, warmup, weightDecay, beta1, beta2, epsilon, maxGradNorm);
  }

  private static void check(boolean holds, String name, String expected, double found) {
    if (!holds) {
      throw new TrainingException("%s: expected %s, found %s".formatted(name, expected, found));
    }
  }
}
