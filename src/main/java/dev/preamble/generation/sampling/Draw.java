package dev.preamble.generation.sampling;

import java.util.Arrays;

/**
 * The draw of one token: temperature, min-p, top-k and top-p leave some tokens, of which one is
 * taken with the probability that it has among them.
 *
 * <p>No step sorts the vocabulary. Top-k keeps a heap of k logits. Top-p first drops every token of
 * less than (1 - p) / n of the probability, n being the number of tokens left: together they have
 * less than 1 - p, so they are not among the fewest that have p; what remains is sorted.
 */
final class Draw {
  private final double temperature;
  private final Truncation truncation;

  Draw(Sampling sampling) {
    this.temperature = sampling.temperature();
    this.truncation = sampling.truncation();
  }

  /**
   * A token drawn from the workspace's logits.
   *
   * @param random from 0 (included) to 1 (excluded)
   */
  int token(Workspace space, double random) {
    int best = MostProbable.of(space.logits);
    int count = keep(space, floor(space.logits, space.logits[best]));
    double sum = weigh(space, count, space.logits[best]);
    if (truncation.topP() < 1) {
      count = nucleus(space, count, sum);
      sum = sum(space.weights, count);
    }
    double target = random * sum;
    for (int i = 0; i < count; i++) {
      target -= space.weights[i];
      if (target < 0) {
        return space.kept[i];
      }
    }
    return best;
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

  /** Lists the tokens of at least {@code floor}, those of minus infinity left out. */
  private static int keep(Workspace space, double floor) {
    int count = 0;
    for (int token = 0; token < space.logits.length; token++) {
      float value = space.logits[token];
      if (value >= floor && value > Float.NEGATIVE_INFINITY) {
        space.kept[count++] = token;
      }
    }
    return count;
  }

  private double weigh(Workspace space, int count, float highest) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      double weight = Math.exp((space.logits[space.kept[i]] - (double) highest) / temperature);
      space.weights[i] = weight;
      sum += weight;
    }
    return sum;
  }

  /** Leaves the fewest most probable tokens that have top-p together, most probable first. */
  private int nucleus(Workspace space, int count, double sum) {
    double least = (1 - truncation.topP()) * sum / count;
    int[] remaining = new int[count];
    int size = 0;
    for (int i = 0; i < count; i++) {
      if (space.weights[i] >= least) {
        remaining[size++] = i;
      }
    }
    int[] order = descending(space.weights, remaining, size);
    int[] kept = new int[size];
    double[] weights = new double[size];
    double mass = 0;
    int left = 0;
    while (left < size && (left == 0 || mass < truncation.topP() * sum)) {
      kept[left] = space.kept[order[left]];
      weights[left] = space.weights[order[left]];
      mass += weights[left++];
    }
    System.arraycopy(kept, 0, space.kept, 0, left);
    System.arraycopy(weights, 0, space.weights, 0, left);
    return left;
  }

  /** The first {@code size} of {@code places} by weight, the heaviest first, then by place. */
  private static int[] descending(double[] weights, int[] places, int size) {
    // A weight is from 0 to 1, so its float's bits order as it does.
    long[] keys = new long[size];
    for (int i = 0; i < size; i++) {
      long bits = Float.floatToRawIntBits((float) weights[places[i]]);
      keys[i] = -bits << 32 | places[i];
    }
    Arrays.sort(keys);
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      order[i] = (int) keys[i];
    }
    return order;
  }

  private static double sum(double[] weights, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += weights[i];
    }
    return sum;
  }
}
