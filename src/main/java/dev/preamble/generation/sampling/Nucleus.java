package dev.preamble.generation.sampling;

import java.util.Arrays;

/**
 * Leaves the fewest most probable tokens that have top-p of the probability together. Nothing is
 * sorted but those near the border: tokens are counted in buckets by their weight, sixteen for each
 * power of two, and all in buckets above the border's are among the fewest.
 */
final class Nucleus {
  private static final int BUCKETS = 1024;
  private static final int SHIFT = Double.PRECISION - 1 - 4;
  private static final long ONE = Double.doubleToRawLongBits(1);

  private final double topP;
  private final double[] masses = new double[BUCKETS];

  /**
   * @param topP above 0 and below 1
   */
  Nucleus(double topP) {
    this.topP = topP;
  }

  /**
   * Leaves those tokens at the front of the workspace's kept ones, with their weights.
   *
   * @param count tokens kept, of weights from 0 to 1
   * @param sum of their weights
   * @return tokens left, at least one
   */
  int leave(Workspace space, int count, double sum) {
    // Those of less than (1 - p) / n of the sum have less than 1 - p together: they are not needed.
    double least = (1 - topP) * sum / count;
    int border = border(space.weights, count, least, sum);
    long last = last(space.weights, count, border, least, sum);
    int left = 0;
    for (int i = 0; i < count; i++) {
      double weight = space.weights[i];
      int bucket = bucket(weight);
      if (bucket < border || bucket == border && key(weight, i) <= last) {
        space.kept[left] = space.kept[i];
        space.weights[left++] = weight;
      }
    }
    return left;
  }

  /** The key of the last place in the border's bucket that is needed. */
  private long last(double[] weights, int count, int border, double least, double sum) {
    double mass = 0;
    for (int bucket = 0; bucket < border; bucket++) {
      mass += masses[bucket];
    }
    long[] keys = new long[16];
    int size = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] >= least && bucket(weights[i]) == border) {
        if (size == keys.length) {
          keys = Arrays.copyOf(keys, 2 * size);
        }
        keys[size++] = key(weights[i], i);
      }
    }
    Arrays.sort(keys, 0, size);
    int place = 0;
    for (; place < size - 1; place++) {
      mass += weights[(int) keys[place]];
      if (mass >= topP * sum) {
        break;
      }
    }
    return keys[place];
  }

  /** The bucket in which the weights, from the highest down, come to top-p of the sum. */
  private int border(double[] weights, int count, double least, double sum) {
    Arrays.fill(masses, 0);
    for (int i = 0; i < count; i++) {
      if (weights[i] >= least) {
        masses[bucket(weights[i])] += weights[i];
      }
    }
    double mass = 0;
    int border = -1;
    do {
      mass += masses[++border];
    } while (border + 1 < BUCKETS && mass < topP * sum);
    return border;
  }

  private static int bucket(double weight) {
    return (int) Math.min(BUCKETS - 1, ONE - Double.doubleToRawLongBits(weight) >>> SHIFT);
  }

  /** Orders the places of one bucket by their weight as a float, the heaviest first. */
  private static long key(double weight, int place) {
    return (long) -Float.floatToRawIntBits((float) weight) << 32 | place;
  }
}
