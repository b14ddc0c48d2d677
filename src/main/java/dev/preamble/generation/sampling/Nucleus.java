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
    double[] weights = space.weights;
    double wanted = topP * sum;
    Arrays.fill(masses, 0);
    for (int i = 0; i < count; i++) {
      masses[bucket(weights[i])] += weights[i];
    }
    int border = 0;
    double above = 0;
    while (border + 1 < BUCKETS && above + masses[border] < wanted) {
      above += masses[border++];
    }
    double most = least(border - 1);
    long last = last(weights, count, border, wanted - above);
    int left = 0;
    for (int i = 0; i < count; i++) {
      double weight = weights[i];
      if (weight >= most || weight > 0 && bucket(weight) == border && key(weight, i) <= last) {
        space.kept[left] = space.kept[i];
        weights[left++] = weight;
      }
    }
    return left;
  }

  /** The key of the last place in a bucket that is needed for weights that have {@code wanted}. */
  private static long last(double[] weights, int count, int bucket, double wanted) {
    double most = least(bucket - 1);
    double least = bucket == BUCKETS - 1 ? Double.MIN_VALUE : least(bucket);
    long[] keys = new long[16];
    int size = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] >= least && weights[i] < most) {
        if (size == keys.length) {
          keys = Arrays.copyOf(keys, 2 * size);
        }
        keys[size++] = key(weights[i], i);
      }
    }
    Arrays.sort(keys, 0, size);
    double mass = 0;
    int place = -1;
    do {
      mass += weights[(int) keys[++place]];
    } while (place + 1 < size && mass < wanted);
    return keys[place];
  }

  private static int bucket(double weight) {
    return (int) Math.min(BUCKETS - 1, ONE - Double.doubleToRawLongBits(weight) >>> SHIFT);
  }

  /** The least weight in a bucket; of the bucket before the first, one above all weights. */
  private static double least(int bucket) {
    return Double.longBitsToDouble(ONE - ((bucket + 1L) << SHIFT) + 1);
  }

  /** Orders the places of one bucket by their weight as a float, the heaviest first. */
  private static long key(double weight, int place) {
    return (long) -Float.floatToRawIntBits((float) weight) << 32 | place;
  }
}
