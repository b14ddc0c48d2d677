package dev.preamble.generation.sampling;

import java.util.Arrays;
import java.util.List;

/** The distribution that logits stand for: softmax, in natural logarithms. */
public final class LogProbabilities {
  private static final int BLOCK = 1024;

  private final float[] logits;
  private final double logSum;

  /**
   * @param logits float [vocabulary], at least one a number; kept, not copied
   */
  public LogProbabilities(float[] logits) {
    this.logits = logits;
    float highest = logits[MostProbable.of(logits)];
    double[] block = new double[Math.min(BLOCK, logits.length)];
    double sum = 0;
    for (int from = 0; from < logits.length; from += BLOCK) {
      int count = Math.min(BLOCK, logits.length - from);
      Exponentials.fill(logits, from, count, highest, 1, block);
      sum += Exponentials.sum(block, 0, count);
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
