package dev.preamble.training.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The derivative of layer normalisations against the formula in double precision. */
class NormalisationGradientTest {
  private static final double LARGEST_ERROR = 2e-6;
  private static final double EPSILON = 1e-5;

  /** So many rows of so many random numbers, and all else that the kernel takes. */
  private record Case(int rows, int width, float[][] upstream, float[] x, float[][] otherWays) {

    static Case random(int rows, int width, int upstream, int otherWays) {
      Random random = new Random(31L * rows + width);
      return new Case(
          rows,
          width,
          numbers(random, upstream, rows * width, 1),
          numbers(random, 1, rows * width, 3)[0],
          numbers(random, otherWays, rows * width, 1));
    }

    private static float[][] numbers(Random random, int count, int size, float scale) {
      float[][] numbers = new float[count][size];
      for (float[] each : numbers) {
        for (int i = 0; i < size; i++) {
          each[i] = scale * (float) random.nextGaussian() + 0.3f * scale;
        }
      }
      return numbers;
    }

    float[] gain() {
      return numbers(new Random(5), 1, width, 1)[0];
    }

    double mean(int row) {
      double sum = 0;
      for (int i = 0; i < width; i++) {
        sum += x[row * width + i];
      }
      return sum / width;
    }

    double inverse(int row) {
      double mean = mean(row);
      double sum = 0;
      for (int i = 0; i < width; i++) {
        sum += Math.pow(x[row * width + i] - mean, 2);
      }
      return 1 / Math.sqrt(sum / width + EPSILON);
    }

    float[] run(int threads, boolean inPlace) {
      float[] means = new float[rows];
      float[] inverses = new float[rows];
      for (int row = 0; row < rows; row++) {
        means[row] = (float) mean(row);
        inverses[row] = (float) inverse(row);
      }
      KernelRun kernel =
          new KernelRun("NormalisationGradient")
              .floats(upstream[0], rows, width)
              .floats(x, rows, width)
              .floats(gain(), width)
              .floats(inverses, rows, 1)
              .floats(means, rows, 1);
      add(kernel, Arrays.copyOfRange(upstream, 1, upstream.length));
      add(kernel, otherWays);
      return kernel.run(1, threads, inPlace).getFirst();
    }

    /** Adds {@code terms} where there is place for two. */
    private void add(KernelRun kernel, float[][] terms) {
      for (float[] term : terms) {
        kernel.floats(term, rows, width);
      }
      kernel.leftOut(2 - terms.length);
    }

    double[] expected() {
      double[] expected = new double[rows * width];
      float[] gain = gain();
      for (int row = 0; row < rows; row++) {
        float mean = (float) mean(row);
        float inverse = (float) inverse(row);
        double[] h = new double[width];
        double[] n = new double[width];
        double sum = 0;
        double along = 0;
        for (int i = 0; i < width; i++) {
          h[i] = sum(upstream, row * width + i) * gain[i];
          n[i] = ((double) x[row * width + i] - mean) * inverse;
          sum += h[i];
          along += h[i] * n[i];
        }
        for (int i = 0; i < width; i++) {
          expected[row * width + i] =
              inverse * (h[i] - sum / width - n[i] * along / width)
                  + sum(otherWays, row * width + i);
        }
      }
      return expected;
    }

    private static double sum(float[][] terms, int i) {
      double sum = 0;
      for (float[] term : terms) {
        sum += term[i];
      }
      return sum;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 0",
    "3, 8, 1, 1",
    "0, 8, 1, 1",
    "700, 31, 2, 0",
    "5, 1023, 3, 2",
    "37, 1025, 3, 1",
    "2, 16384, 1, 1",
  })
  void equalsTheFormula(int rows, int width, int upstream, int otherWays) {
    Case example = Case.random(rows, width, upstream, otherWays);
    double[] expected = example.expected();
    float[] found = example.run(1, false);
    assertEquals(expected.length, found.length);
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < found.length; i++) {
      int at = i;
      assertEquals(expected[i], found[i], LARGEST_ERROR * largest, () -> "element " + at);
    }
    assertArrayEquals(found, example.run(3, true), "on more threads and in place");
  }

  @ParameterizedTest
  @ValueSource(floats = {1e4f, 1e-4f, 1e-20f})
  void rowsMayBeOfAnySize(float scale) {
    Case example = Case.random(4, 65, 1, 1);
    for (int i = 0; i < example.x().length; i++) {
      example.x()[i] *= scale;
    }
    double[] expected = example.expected();
    float[] found = example.run(2, true);
    double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    for (int i = 0; i < found.length; i++) {
      assertEquals(expected[i], found[i], LARGEST_ERROR * largest);
    }
  }

  @Test
  void whatIsNoNumberStaysInItsRow() {
    Case example = Case.random(3, 9, 1, 1);
    float[] before = example.run(1, false);
    example.x()[13] = Float.NaN;
    float[] found = example.run(1, false);
    for (int i = 0; i < found.length; i++) {
      if (i / 9 == 1) {
        assertTrue(Float.isNaN(found[i]));
      } else {
        assertEquals(before[i], found[i]);
      }
    }
  }
}
