package dev.preamble.generation.sampling;

import java.util.Arrays;
import java.util.List;

/** The distribution that logits stand for: softmax, in natural logarithms. */
public final class LogProbabilities {
  private final float[] logits;
  private final double logSum;

  /**
   * @param logits float [vocabulary], at least one a number; kept, not copied
   */
  public LogProbabilities(float[] logits) {
    this.logits = logits;
    float highest = logits[MostProbable.of(logits)];
    double sum = 0;
    for (float value : logits) {
      sum += Math.exp(value - highest);
    }
    this.logSum = highest + Math.log(sum);
  }

  /** Natural logarithm of the probability of {@code token}: its logit less log-sum-exp of all. */
  public double of(int token) {
    return logits[token] - logSum;
  }

  /** The {@code count} most probable tokens, most probable first; of equal ones the first. */
  public List<Alternative> mostProbable(int count) {
    return Arrays.stream(MostProbable.of(logits, count))
        .mapToObj(token -> new Alternative(token, of(token)))
        .toList();
  }
}
