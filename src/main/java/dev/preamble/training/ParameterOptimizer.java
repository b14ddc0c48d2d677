package dev.preamble.training;

import java.util.Map;

/** The optimiser of one parameter, with what it remembers of the gradients seen. */
sealed interface ParameterOptimizer permits AdamW, Adafactor {
  /**
   * Moves {@code parameter} by {@code gradient}.
   *
   * @param step the number of this step, from 1 on
   */
  void step(int step, float[] parameter, float[] gradient, double learningRate);

  /** What is remembered, by name: the arrays themselves, to be saved or filled. */
  Map<String, float[]> state();
}
