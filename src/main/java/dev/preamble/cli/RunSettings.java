package dev.preamble.cli;

import dev.preamble.training.Algorithm;
import dev.preamble.training.Batching;
import dev.preamble.training.Criterion;
import dev.preamble.training.EvaluationPlan;
import dev.preamble.training.Objective;
import dev.preamble.training.OptimizerConfig;
import dev.preamble.training.Schedule;
import dev.preamble.training.TrainingConfig;
import dev.preamble.training.method.MethodConfig;

/** How a method is learned, as the settings say. */
record RunSettings(Settings settings) {
  TrainingConfig config(MethodConfig method, int threads) {
    Objective objective = settings.choice(Objective.class, "loss");
    return new TrainingConfig(
        method,
        settings.whole("epochs"),
        new Batching(
            settings.whole("batch-size"),
            settings.whole("batch-tokens"),
            settings.whole("accumulate")),
        objective,
        optimizer(method),
        new EvaluationPlan(
            settings.whole("eval-every"), settings.whole("patience"), criterion(objective)),
        settings.wholeLong("seed"),
        threads);
  }

  private Criterion criterion(Objective objective) {
    if (settings.text("best-by").isPresent()) {
      return settings.choice(Criterion.class, "best-by");
    }
    return objective == Objective.LABELS ? Criterion.ACCURACY : Criterion.LOSS;
  }

  private OptimizerConfig optimizer(MethodConfig method) {
    return new OptimizerConfig(
        settings.choice(Algorithm.class, "optimizer"),
        settings.number("lr").orElse(method.learningRate()),
        settings.choice(Schedule.class, "schedule"),
        settings.requiredNumber("warmup"),
        settings.requiredNumber("weight-decay"),
        settings.requiredNumber("beta1"),
        settings.requiredNumber("beta2"),
        settings.requiredNumber("adam-epsilon"),
        settings.requiredNumber("max-grad-norm"));
  }

  /** The settings with what they leave to method and objective as it is in {@code config}. */
  Settings resolved(TrainingConfig config) {
    Settings resolved = settings;
    if (settings.text("lr").isEmpty()) {
      resolved = resolved.with("lr", config.optimizer().learningRate());
    }
    if (settings.text("eval").isPresent() && settings.text("best-by").isEmpty()) {
      resolved = resolved.with("best-by", Choice.name(config.evaluation().best()));
    }
    return resolved;
  }
}
