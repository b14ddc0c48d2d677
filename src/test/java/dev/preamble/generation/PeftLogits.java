package dev.preamble.generation;

import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.TensorView;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Logits that PEFT wrote.
 *
 * @param logits float [tokens, vocabulary], virtual tokens left out
 * @param first float [vocabulary], what the last virtual token predicts, where they pass through
 *     the model
 */
record PeftLogits(float[] logits, Optional<float[]> first) {
  static PeftLogits read(Path file) {
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      return new PeftLogits(
          opened.tensor("logits").toFloats(), opened.find("first").map(TensorView::toFloats));
    }
  }

  /** The largest difference of a logit; infinite where one is no number or their counts differ. */
  static double worst(float[] left, float[] right) {
    if (left.length != right.length) {
      return Double.POSITIVE_INFINITY;
    }
    double worst = 0;
    for (int i = 0; i < left.length; i++) {
      double difference = Math.abs((double) left[i] - right[i]);
      worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
    }
    return worst;
  }

  /**
   * The Euclidean length of the difference over that of {@code expected}, each position's logits
   * less their mean; infinite where that is no number.
   */
  static double relativeError(float[] expected, float[] found, int vocabulary) {
    double differences = 0;
    double squares = 0;
    for (int row = 0; row < expected.length; row += vocabulary) {
      double expectedMean = mean(expected, row, vocabulary);
      double foundMean = mean(found, row, vocabulary);
      for (int i = row; i < row + vocabulary; i++) {
        double value = expected[i] - expectedMean;
        differences += Math.pow(found[i] - foundMean - value, 2);
        squares += value * value;
      }
    }
    double error = Math.sqrt(differences / squares);
    return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
  }

  private static double mean(float[] values, int from, int count) {
    double sum = 0;
    for (int i = from; i < from + count; i++) {
      sum += values[i];
    }
    return sum / count;
  }

  /** Natural logarithm of the probability that {@code logits} give to {@code token}. */
  static double logProbability(float[] logits, int token) {
    double sum = 0;
    for (float value : logits) {
      sum += Math.exp((double) value - logits[token]);
    }
    return -Math.log(sum);
  }
}
