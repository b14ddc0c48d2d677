package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/**
 * e to the power of many numbers at once, off by less than 3e-7 of each: e^x = 2^k e^f with k the
 * whole number nearest to x / ln 2, put into the exponent, and a polynomial of f, the minimax one
 * of degree 5 whose first two coefficients are 1. To be used by one thread.
 */
final class Exponentials {
  /** Below it results are 0. */
  static final float LEAST = -88;

  private static final float LOG2_E = 1.442695f;

  /** 1.5 * 2^23: a number of at most 22 bits added to it is rounded to a whole one. */
  private static final float WHOLE = 0x1.8p23f;

  /** ln 2 in two parts, of which k times the first is exact. */
  private static final float LN2_HIGH = 0.693359375f;

  private static final float LN2_LOW = -2.12194440e-4f;

  private static final int BIAS = 127;
  private static final int EXPONENT_BIT = 23;

  private final float[] whole = new float[Strips.LENGTH];
  private final float[] powers = new float[Strips.LENGTH];
  private final int[] exponents = new int[Strips.LENGTH];
  private final MemorySegment bits = MemorySegment.ofArray(exponents);

  /**
   * Puts e^(x - shift) in place of each x. If any x - shift is above 88 or is none that float32
   * tells from infinity, a result is infinite or no number.
   *
   * @param count at most {@link Strips#LENGTH}
   */
  void of(float[] x, float shift, int count) {
    rest(x, whole, shift, count);
    raise(whole, exponents, count);
    MemorySegment.copy(bits, JAVA_FLOAT, 0, powers, 0, count);
    multiply(x, powers, count);
  }

  private static void rest(float[] x, float[] whole, float shift, int count) {
    for (int i = 0; i < count; i++) {
      float u = x[i] - shift;
      float k = (u * LOG2_E + WHOLE) - WHOLE;
      whole[i] = k;
      x[i] = (u - k * LN2_HIGH) - k * LN2_LOW;
    }
  }

  /** The bits of 2^k; those of 0 and of infinity where float32 has not that power. */
  private static void raise(float[] whole, int[] exponents, int count) {
    for (int i = 0; i < count; i++) {
      exponents[i] = (Math.max(-BIAS, Math.min(BIAS + 1, (int) whole[i])) + BIAS) << EXPONENT_BIT;
    }
  }

  private static void multiply(float[] x, float[] powers, int count) {
    for (int i = 0; i < count; i++) {
      float f = x[i];
      float p = ((0.00831238f * f + 0.04189142f) * f + 0.1666712f) * f + 0.49999223f;
      x[i] = (p * f * f + f + 1) * powers[i];
    }
  }
}
