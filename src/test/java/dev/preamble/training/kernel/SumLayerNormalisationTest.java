package dev.preamble.training.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A sum and its normalisation against the formula in double precision. */
class SumLayerNormalisationTest {
  private static final double LARGEST_ERROR = 2e-6;
  private static final float EPSILON = 1e-3f;

  /** Terms of so many rows, behind them some of one row. */
  private record Case(int rows, int width, boolean shifted, List<float[]> terms) {
    static Case random(int rows, int width, boolean shifted, int full, int single, float scale) {
      Random random = new Random(31L * rows + width);
      List<float[]> terms = new ArrayList<>();
      for (int i = 0; i < full + single; i++) {
        terms.add(numbers(random, i < full ? rows * width : width, scale));
      }
      return new Case(rows, width, shifted, terms);
    }

    private static float[] numbers(Random random, int size, float scale) {
      float[] numbers = new float[size];
      for (int i = 0; i < size; i++) {
        numbers[i] = scale * ((float) random.nextGaussian() + 0.3f);
      }
      return numbers;
    }

    float[] gain() {
      return numbers(new Random(5), width, 1);
    }

    float[] shift() {
      return shifted ? numbers(new Random(6), width, 1) : new float[width];
    }

    /** What the kernel gives. */
    List<float[]> run(int threads, boolean inPlace) {
      KernelRun kernel = new KernelRun("SumLayerNormalisation");
      add(kernel, terms.subList(0, 2));
      kernel.floats(gain(), width).floats(new float[] {EPSILON});
      if (shifted) {
        kernel.floats(shift(), width);
      } else {
        kernel.leftOut(1);
      }
      add(kernel, terms.subList(2, terms.size()));
      long[] whole = {rows, width};
      long[] perRow = {rows, 1};
      return kernel.run(new long[][] {whole, whole, perRow, perRow}, threads, inPlace);
    }

    private void add(KernelRun kernel, List<float[]> more) {
      for (float[] term : more) {
        if (term.length == width) {
          kernel.floats(term, width);
        } else {
          kernel.floats(term, rows, width);
        }
      }
    }

    /** The sum, its normalisation, each row's inverse deviation and mean. */
    List<double[]> expected() {
      double[] x = new double[rows * width];
      double[] y = new double[rows * width];
      double[] inverses = new double[rows];
      double[] means = new double[rows];
      float[] gain = gain();
      float[] shift = shift();
      for (int row = 0; row < rows; row++) {
        double squares = 0;
        for (int i = row * width; i < (row + 1) * width; i++) {
          for (float[] term : terms) {
            x[i] += term[i % term.length];
          }
          means[row] += x[i] / width;
        }
        for (int i = row * width; i < (row + 1) * width; i++) {
          squares += Math.pow(x[i] - means[row], 2);
        }
        inverses[row] = 1 / Math.sqrt(squares / width + EPSILON);
        for (int i = 0; i < width; i++) {
          int at = row * width + i;
          y[at] = (x[at] - means[row]) * inverses[row] * gain[i] + shift[i];
        }
      }
      return List.of(x, y, inverses, means);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, true, 2, 0, 1",
    "3, 8, false, 2, 1, 1",
    "0, 8, true, 2, 1, 1",
    "700, 31, false, 2, 0, 1",
    "5, 1023, true, 3, 1, 1",
    "37, 1025, true, 1, 3, 1",
    "2, 16384, true, 2, 2, 1",
    "9, 65, true, 2, 1, 1e4",
    "9, 65, true, 2, 1, 1e-4",
    "9, 65, true, 2, 1, 1e-20",
  })
  void equalsTheFormula(int rows, int width, boolean shifted, int full, int single, float scale) {
    Case example = Case.random(rows, width, shifted, full, single, scale);
    List<double[]> expected = example.expected();
    List<float[]> found = example.run(1, false);
    assertEquals(expected.size(), found.size());
    for (int output = 0; output < found.size(); output++) {
      assertClose(expected.get(output), found.get(output), "output " + output);
    }
    List<float[]> again = example.run(3, true);
    for (int output = 0; output < found.size(); output++) {
      assertArrayEquals(found.get(output), again.get(output), "on more threads and in place");
    }
  }

  private static void assertClose(double[] expected, float[] found, String output) {
    assertEquals(expected.length, found.length);
    double largest = 0;
    for (double each : expected) {
      largest = Math.max(largest, Math.abs(each));
    }
    for (int i = 0; i < found.length; i++) {
      assertEquals(expected[i], found[i], LARGEST_ERROR * largest, output);
    }
  }

  @Test
  void whatIsNoNumberStaysInItsRow() {
    Case example = Case.random(3, 9, true, 2, 1, 1);
    example.terms().get(1)[13] = Float.NaN;
    float[] found = example.run(1, false).get(1);
    for (int i = 0; i < found.length; i++) {
      assertEquals(i / 9 == 1, Float.isNaN(found[i]));
    }
    assertTrue(Float.isNaN(example.run(1, false).get(2)[1]));
  }
}
