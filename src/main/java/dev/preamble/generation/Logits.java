package dev.preamble.generation;

import dev.preamble.PreambleException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One position's logits, copied out of the model's memory.
 *
 * @param values float [vocabulary]
 */
record Logits(float[] values) {
  /** Row {@code row} of {@code logits}, float [rows, vocabulary]. */
  static Logits row(MemorySegment logits, long row, int vocabulary) {
    float[] values = new float[vocabulary];
    MemorySegment.copy(logits, ValueLayout.JAVA_FLOAT, 4 * row * vocabulary, values, 0, vocabulary);
    return new Logits(values);
  }

  /**
   * The most probable token; of equal ones the first.
   *
   * @throws PreambleException if no value is a number
   */
  int mostProbable() {
    int best = -1;
    float highest = Float.NEGATIVE_INFINITY;
    for (int token = 0; token < values.length; token++) {
      if (values[token] > highest) {
        highest = values[token];
        best = token;
      }
    }
    if (best < 0) {
      throw new PreambleException(
          "the model gave no number for any token: its weights or the adapter's values overflow");
    }
    return best;
  }

  /** Natural logarithm of the probability of {@code token}: its logit less log-sum-exp of all. */
  double logProbability(int token) {
    float highest = values[mostProbable()];
    double sum = 0;
    for (float value : values) {
      sum += Math.exp(value - highest);
    }
    return values[token] - highest - Math.log(sum);
  }
}
