package dev.preamble.generation.sampling;

/**
 * The exponential function of many values at once, in loops that are compiled to vectors: e^x is
 * the 4096th power of e^(x/4096), which Taylor's polynomial of degree 6 gives. From -30 to 0 its
 * relative error is below 1e-12, from -200 on below 1e-9.
 */
final class Exponentials {
  /** What has a lower one is given 0. */
  private static final double LEAST = -700;

  private static final double LOWEST = of(LEAST);

  private Exponentials() {}

  /**
   * Fills {@code powers} with e^(scale * (value - highest)) of {@code count} values from {@code
   * from} on; of minus infinity it is 0, of what is no number none.
   *
   * @param highest no value is above it
   */
  static void fill(
      float[] values, int from, int count, float highest, double scale, double[] powers) {
    for (int i = 0; i < count; i++) {
      powers[i] = of((values[from + i] - (double) highest) * scale) - LOWEST;
    }
  }

  private static double of(double exponent) {
    double x = Math.max(exponent, LEAST) * (1.0 / 4096);
    double power =
        1 + x * (1 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x / 720)))));
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    power *= power;
    return power * power;
  }

  /** The sum of the values from {@code from} up to {@code to}, added four at a time. */
  static double sum(double[] values, int from, int to) {
    double first = 0;
    double second = 0;
    double third = 0;
    double fourth = 0;
    int i = from;
    for (; i + 3 < to; i += 4) {
      first += values[i];
      second += values[i + 1];
      third += values[i + 2];
      fourth += values[i + 3];
    }
    for (; i < to; i++) {
      first += values[i];
    }
    return first + second + (third + fourth);
  }
}
