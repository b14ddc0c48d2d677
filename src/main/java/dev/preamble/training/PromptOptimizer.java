package dev.preamble.training;

import java.util.HashMap;
import java.util.Map;

/** Takes a gradient through checking, clipping and the schedule to the optimiser's step. */
public final class PromptOptimizer {
  private final OptimizerConfig config;
  private final Map<String, AdamW> adam = new HashMap<>();
  private final int steps;
  private final int warmup;
  private int done;

  /** An optimiser of what is trainable among {@code parameters} for a run of {@code steps}. */
  public PromptOptimizer(OptimizerConfig config, Parameters parameters, int steps) {
    this.config = config;
    for (Parameters.Parameter each : parameters.trainable().all()) {
      adam.put(each.name(), new AdamW(config, each.values().length));
    }
    this.steps = steps;
    this.warmup = (int) Math.round(config.warmup() * steps);
  }

  /**
   * Moves {@code parameters}, all of them at one rate and with one decay, as PyTorch does with
   * parameters of one group. The gradient is clipped where it stands.
   *
   * @throws TrainingException if loss or gradient is no number; the parameters are then left as
   *     they were
   */
  public TrainingListener.Step step(
      Parameters parameters, GradientStep.Result result, int batchSize) {
    Parameters gradient = result.gradient();
    double norm = gradient.norm();
    if (!Float.isFinite(result.loss()) || !Double.isFinite(norm)) {
      throw new TrainingException(
          "step %d: expected a finite loss and gradient, found loss %s and gradient norm %s; lower the learning rate (now %s) or look at the data"
              .formatted(done + 1, result.loss(), norm, config.learningRate()));
    }
    if (config.maxGradNorm() > 0 && norm > config.maxGradNorm()) {
      gradient.scale((float) (config.maxGradNorm() / (norm + 1e-6)));
    }
    double rate = config.learningRate() * config.schedule().factor(done, warmup, steps);
    adam.forEach((name, each) -> each.step(parameters.values(name), gradient.values(name), rate));
    done++;
    return new TrainingListener.Step(done, steps, result.loss(), norm, rate, batchSize);
  }
}
