package dev.preamble.training;

/** What moves parameters against their gradient. */
public enum Algorithm {
  /** {@link AdamW}. */
  ADAMW {
    @Override
    ParameterOptimizer of(OptimizerConfig config, Parameters.Parameter parameter) {
      return new AdamW(config, parameter.values().length);
    }
  },
  /** {@link Adafactor}, which keeps far less in memory and takes higher rates. */
  ADAFACTOR {
    @Override
    ParameterOptimizer of(OptimizerConfig config, Parameters.Parameter parameter) {
      return new Adafactor(config, parameter.shape());
    }
  };

  /** The optimiser of {@code parameter}. */
  abstract ParameterOptimizer of(OptimizerConfig config, Parameters.Parameter parameter);
}
