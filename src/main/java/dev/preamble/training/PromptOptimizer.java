package dev.preamble.training;

/** Takes a gradient through checking, clipping and the schedule to the optimiser's step. */
public final class PromptOptimizer {
  private final OptimizerConfig config;
  private final AdamW adam;
  private final int steps;
  private final int warmup;
  private int done;

  /** An optimiser of {@code parameters} values for a run of {@code steps}. */
  public PromptOptimizer(OptimizerConfig config, int parameters, int steps) {
    this.config = config;
    this.adam = new AdamW(config, parameters);
    this.steps = steps;
    this.warmup = (int) Math.round(config.warmup() * steps);
  }

  /**
   * Moves {@code rows}.
   *
   * @throws TrainingException if loss or gradient is no number; the rows are then left as they were
   */
  public TrainingListener.Step step(float[] rows, GradientStep.Result result, int batchSize) {
    float[] gradient = result.gradient();
    double norm = norm(gradient);
    if (!Float.isFinite(result.loss()) || !Double.isFinite(norm)) {
      throw new TrainingException(
          "step %d: expected a finite loss and gradient, found loss %s and gradient norm %s; lower the learning rate (now %s) or look at the data"
              .formatted(done + 1, result.loss(), norm, config.learningRate()));
    }
    if (config.maxGradNorm() > 0 && norm > config.maxGradNorm()) {
      float scale = (float) (config.maxGradNorm() / (norm + 1e-6));
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] *= scale;
      }
    }
    double rate = config.learningRate() * config.schedule().factor(done, warmup, steps);
    adam.step(rows, gradient, rate);
    done++;
    return new TrainingListener.Step(done, steps, result.loss(), norm, rate, batchSize);
  }

  private static double norm(float[] gradient) {
    double sum = 0;
    for (float value : gradient) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
