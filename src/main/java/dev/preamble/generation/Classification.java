package dev.preamble.generation;

import java.util.Arrays;
import java.util.List;

/**
 * How probable each label is behind a text.
 *
 * @param labels the labels' scores, in the order of the labels
 */
public record Classification(List<LabelScore> labels) {
  /**
   * A label's score.
   *
   * @param logProbability natural logarithm of the probability of the label's tokens behind the
   *     text
   * @param tokens their number
   */
  public record LabelScore(double logProbability, int tokens) {}

  /** Copies the list. */
  public Classification {
    labels = List.copyOf(labels);
  }

  /**
   * The probability of each label, all of which are 1 together: the softmax of the log
   * probabilities.
   *
   * @param normalised whether a label's log probability is first divided by the number of its
   *     tokens, so that a long label loses nothing by its length
   */
  public List<Double> probabilities(boolean normalised) {
    double[] scores =
        labels.stream()
            .mapToDouble(
                each -> normalised ? each.logProbability() / each.tokens() : each.logProbability())
            .toArray();
    double highest = Double.NEGATIVE_INFINITY;
    for (double score : scores) {
      highest = Math.max(highest, score);
    }
    double sum = 0;
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.exp(scores[i] - highest);
      sum += scores[i];
    }
    double all = sum;
    return Arrays.stream(scores).mapToObj(score -> score / all).toList();
  }
}
