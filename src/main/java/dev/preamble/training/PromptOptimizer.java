package dev.preamble.training;

import java.util.LinkedHashMap;
import java.util.Map;

/** Takes a gradient through checking, clipping and the schedule to the optimiser's step. */
public final class PromptOptimizer {
  private final OptimizerConfig config;
  private final Map<String, ParameterOptimizer> optimizers = new LinkedHashMap<>();
  private final int steps;
  private final int warmup;
  private int done;

  /** An optimiser of what is trainable among {@code parameters} for a run of {@code steps}. */
  public PromptOptimizer(OptimizerConfig config, Parameters parameters, int steps) {
    this.config = config;
    for (Parameters.Parameter each : parameters.trainable().all()) {
      optimizers.put(each.name(), config.algorithm().of(config, each));
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
    done++;
    optimizers.forEach(
        (name, each) -> each.step(done, parameters.values(name), gradient.values(name), rate));
    return new TrainingListener.Step(done, steps, result.loss(), norm, rate, batchSize);
  }

  /** Steps done, which is also where the schedule stands. */
  int done() {
    return done;
  }

  /** What is remembered of the gradients, by parameter and name: the arrays themselves. */
  Map<String, float[]> state() {
    Map<String, float[]> state = new LinkedHashMap<>();
    optimizers.forEach(
        (name, each) ->
            each.state().forEach((part, values) -> state.put(name + "." + part, values)));
    return state;
  }

  /** Goes on after {@code steps} steps that left {@code state}. */
  void resume(int steps, Map<String, float[]> state) {
    done = steps;
    state()
        .forEach((name, values) -> System.arraycopy(state.get(name), 0, values, 0, values.length));
  }
}
