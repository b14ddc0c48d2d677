package dev.preamble.training.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The derivative of GELU by tanh against its formula in double precision. */
class TanhGeluGradientTest {
  /** Relative to g, and to x where that is large: by it the rounding of tanh is multiplied. */
  private static final double LARGEST_ERROR = 1e-6;

  /** Far, near and tiny numbers of both signs. */
  private static final float[] EXTREMES = {
    1e4f, -1e4f, 30, -30, 16, -16, 4.84f, -4.84f, 4.8f, -4.8f, 1e-6f, -1e-6f, 1e-30f, -1e-30f, 0
  };

  /** Rows and their widths: less and more than a strip, one part and many. */
  private static final int[][] SIZES = {
    {1, 1}, {1500, 1}, {700, 3}, {1, 1023}, {3, 1025}, {67, 2048}
  };

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void isRightOnEveryRowAndEdge(boolean biased) {
    for (int[] size : SIZES) {
      float[] g = numbers(1, size);
      float[] x = withExtremes(numbers(2, size));
      float[] bias = biased ? numbers(3, new int[] {1, size[1]}) : new float[0];
      float[] found = gelu(2, true, size, g, x, bias);
      for (int i = 0; i < x.length; i++) {
        float at = biased ? x[i] + bias[i % size[1]] : x[i];
        assertClose(g[i] * geluSlope(at), found[i], g[i], at);
      }
      assertArrayEquals(found, gelu(1, false, size, g, x, bias), "on one thread, not in place");
    }
  }

  @Test
  void whatIsNoNumberStaysNone() {
    int[] size = {1, 4};
    float[] g = {1, 1, 1, Float.NaN};
    float[] x = {1, Float.NaN, 1, 1};
    float[] other = {1, 1, Float.NaN, 1};
    assertNone(gelu(1, true, size, g, x, other), false, true, true, true);
  }

  @Test
  void noRowsGiveNone() {
    int[] size = {0, 5};
    float[] none = {};
    assertEquals(0, gelu(2, true, size, none, none, new float[5]).length);
  }

  private static float[] gelu(
      int threads, boolean inPlace, int[] size, float[] g, float[] x, float[] bias) {
    KernelRun run =
        new KernelRun("TanhGeluGradient").floats(g, size[0], size[1]).floats(x, size[0], size[1]);
    if (bias.length > 0) {
      run.floats(bias, size[1]);
    }
    return run.run(1, threads, inPlace).getFirst();
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Of y = x sigmoid(w) with w = 2 sqrt(2 / pi) (x + 0.044715 x^3). */
  private static double geluSlope(double x) {
    double scale = 2 * Math.sqrt(2 / Math.PI);
    double w = scale * (x + 0.044715 * x * x * x);
    double rise = scale * (1 + 3 * 0.044715 * x * x);
    return sigmoid(w) + x * rise * sigmoid(w) * sigmoid(-w);
  }

  private static float[] numbers(int seed, int[] size) {
    Random random = new Random(seed);
    float[] numbers = new float[size[0] * size[1]];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = 3 * (float) random.nextGaussian();
    }
    return numbers;
  }

  private static float[] withExtremes(float[] numbers) {
    System.arraycopy(EXTREMES, 0, numbers, 0, Math.min(EXTREMES.length, numbers.length));
    return numbers;
  }

  private static void assertClose(double expected, float found, double scale, double x) {
    double error = Math.abs(expected - found);
    double largest = LARGEST_ERROR * Math.abs(scale) * Math.max(1, Math.abs(x)) + Float.MIN_NORMAL;
    assertTrue(
        error <= largest, () -> "at %s: expected %s, found %s".formatted(x, expected, found));
  }

  private static void assertNone(float[] found, boolean... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], Float.isNaN(found[i]), "element " + i);
    }
  }
}
