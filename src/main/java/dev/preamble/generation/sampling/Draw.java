package dev.preamble.generation.sampling;

import java.util.Optional;

/**
 * The draw of one token: temperature, min-p, top-k and top-p leave some tokens, of which one is
 * taken with the probability that it has among them. No step sorts the vocabulary.
 */
final class Draw {
  /** Weights that are passed over at once when a token is looked for. */
  private static final int BLOCK = 64;

  private final double temperature;
  private final Truncation truncation;
  private final Optional<Nucleus> nucleus;

  Draw(Sampling sampling) {
    this.temperature = sampling.temperature();
    this.truncation = sampling.truncation();
    this.nucleus =
        truncation.topP() < 1 ? Optional.of(new Nucleus(truncation.topP())) : Optional.empty();
  }

  /**
   * A token drawn from {@code logits}.
   *
   * @param best the first token that has the highest logit
   * @param random from 0 (included) to 1 (excluded)
   */
  int token(float[] logits, int best, Workspace space, double random) {
    double floor = floor(logits, logits[best]);
    int count =
        floor > Double.NEGATIVE_INFINITY
            ? weighAbove(logits, floor, logits[best], space)
            : weighAll(logits, logits[best], space);
    double sum = Exponentials.sum(space.weights, 0, count);
    if (nucleus.isPresent() && sum > 0) {
      count = nucleus.get().leave(space, count, sum);
      sum = Exponentials.sum(space.weights, 0, count);
    }
    int place = place(space.weights, count, random * sum);
    return place < 0 ? best : space.kept[place];
  }

  /** The least logit that min-p and top-k leave. */
  private double floor(float[] logits, float highest) {
    double floor =
        truncation.minP() == 0
            ? Double.NEGATIVE_INFINITY
            : highest + temperature * Math.log(truncation.minP());
    boolean few = truncation.topK() > 0 && truncation.topK() < logits.length;
    return few ? Math.max(floor, HighestValues.last(logits, truncation.topK())) : floor;
  }

  /** Keeps and weighs the tokens of at least {@code floor}, those of minus infinity left out. */
  private int weighAbove(float[] logits, double floor, float highest, Workspace space) {
    int count = 0;
    for (int token = 0; token < logits.length; token++) {
      float value = logits[token];
      if (value >= floor && value > Float.NEGATIVE_INFINITY) {
        space.kept[count] = token;
        space.weights[count++] = Math.exp((value - (double) highest) / temperature);
      }
    }
    return count;
  }

  /** Keeps and weighs all tokens; what has no number weighs nothing. */
  private int weighAll(float[] logits, float highest, Workspace space) {
    double[] weights = space.weights;
    Exponentials.fill(logits, 0, logits.length, highest, 1 / temperature, weights);
    for (int token = 0; token < logits.length; token++) {
      space.kept[token] = token;
    }
    if (Double.isNaN(Exponentials.sum(weights, 0, weights.length))) {
      for (int token = 0; token < weights.length; token++) {
        weights[token] = weights[token] >= 0 ? weights[token] : 0;
      }
    }
    return logits.length;
  }

  /** The place at which the sum of the weights passes {@code target}; -1 if it does nowhere. */
  private static int place(double[] weights, int count, double target) {
    int last = -1;
    double rest = target;
    for (int from = 0; from < count; from += BLOCK) {
      int to = Math.min(from + BLOCK, count);
      double block = Exponentials.sum(weights, from, to);
      if (rest >= block) {
        rest -= block;
        continue;
      }
      for (int i = from; i < to && rest >= 0; i++) {
        rest -= weights[i];
        last = weights[i] > 0 ? i : last;
      }
      return last;
    }
    return last;
  }
}
