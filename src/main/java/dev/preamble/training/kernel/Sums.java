package dev.preamble.training.kernel;

/** Sums over the numbers of one row, each in the same order whoever computes it. */
final class Sums {
  private Sums() {}

  /** Adds the first {@code count} elements of {@code term} to those of {@code sum}. */
  static void add(float[] sum, float[] term, int count) {
    for (int i = 0; i < count; i++) {
      sum[i] += term[i];
    }
  }

  /**
   * The sum of {@code count} elements from {@code from} on, in eight sums that do not wait for each
   * other.
   */
  static float of(float[] a, int from, int count) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    int to = from + count;
    int i = from;
    for (; i < to - 7; i += 8) {
      s0 += a[i];
      s1 += a[i + 1];
      s2 += a[i + 2];
      s3 += a[i + 3];
      s4 += a[i + 4];
      s5 += a[i + 5];
      s6 += a[i + 6];
      s7 += a[i + 7];
    }
    for (; i < to; i++) {
      s0 += a[i];
    }
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  }
}
