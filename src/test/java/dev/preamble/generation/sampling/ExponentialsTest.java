package dev.preamble.generation.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExponentialsTest {
  @Test
  void valuesAreWithinWhatIsStated() {
    float[] values = new float[200_001];
    for (int i = 0; i < values.length; i++) {
      values[i] = 5 - i / 1000f;
    }
    double[] powers = new double[values.length];
    Exponentials.fill(values, 0, values.length, 5, 1, powers);
    double near = 0;
    double far = 0;
    for (int i = 0; i < values.length; i++) {
      double exact = Math.exp(values[i] - 5.0);
      double error = Math.abs(powers[i] / exact - 1);
      far = Math.max(far, error);
      near = values[i] >= -25 ? Math.max(near, error) : near;
    }
    assertTrue(near < 1e-12, "to -30: " + near);
    assertTrue(far < 1e-9, "to -200: " + far);
    System.out.printf(
        "[sampling] exponentials in vectors: relative error %.1e to -30, %.1e to -200%n",
        near, far);
  }

  @Test
  void scaleAndPlaceCount() {
    float[] values = {9, 1, 2, 3, 9};
    double[] powers = new double[3];
    Exponentials.fill(values, 1, 3, 3, 2, powers);
    double[] exact = {Math.exp(-4), Math.exp(-2), 1};
    for (int i = 0; i < exact.length; i++) {
      assertEquals(exact[i], powers[i], 1e-12);
    }
  }

  @Test
  void nothingIsAddedByMinusInfinityAndWhatIsNoNumberStaysNone() {
    float[] values = {0, Float.NEGATIVE_INFINITY, Float.NaN, -Float.MAX_VALUE};
    double[] powers = new double[4];
    Exponentials.fill(values, 0, 4, 0, 1, powers);
    assertEquals(1, powers[0]);
    assertEquals(0, powers[1]);
    assertTrue(Double.isNaN(powers[2]));
    assertEquals(0, powers[3]);
  }

  @Test
  void sumsAreOfTheRangeAskedFor() {
    double[] values = new Random(1).doubles(1_003).toArray();
    for (int from : new int[] {0, 1, 500, 1_000, 1_003}) {
      double exact = Arrays.stream(values, from, values.length).sum();
      assertEquals(exact, Exponentials.sum(values, from, values.length), 1e-9);
    }
  }
}
