package dev.preamble.training.method;

import java.util.random.RandomGenerator;

/** Arrays of random numbers. */
final class Draws {
  private Draws() {}

  /** Normal around 0. */
  static float[] normal(RandomGenerator random, int count, double deviation) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return values;
  }

  /** Uniform between {@code -bound} and {@code bound}. */
  static float[] uniform(RandomGenerator random, int count, double bound) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (bound * (2 * random.nextDouble() - 1));
    }
    return values;
  }
}
