package dev.preamble.training.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.runtime.OrtException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatherGradientTest {
  /** Sums of whole numbers are exact in whatever order they are added. */
  @ParameterizedTest
  @CsvSource({
    "1, 300, 500, 200",
    "3, 7, 20, 5",
    "2, 1, 4, 1",
    "1, 4, 0, 3",
    "2, 0, 0, 3",
    "1, 2, 3, 0"
  })
  void everySliceIsAddedWhereItCameFrom(int outer, int size, int gathered, int width) {
    Random random = new Random(1);
    long[] indices = new long[gathered];
    for (int i = 0; i < gathered; i++) {
      indices[i] = random.nextInt(-size, size);
    }
    float[] upstream = new float[outer * gathered * width];
    for (int i = 0; i < upstream.length; i++) {
      upstream[i] = random.nextInt(-50, 50);
    }
    float[] expected = new float[outer * size * width];
    for (int row = 0; row < outer * gathered; row++) {
      long place = Math.floorMod(indices[row % gathered], size);
      int to = Math.toIntExact(row / gathered * size + place) * width;
      for (int i = 0; i < width; i++) {
        expected[to + i] += upstream[row * width + i];
      }
    }
    for (int threads = 1; threads <= 2; threads++) {
      KernelRun run =
          new KernelRun("GatherGradient")
              .longs(indices, gathered)
              .longs(new long[] {size, width}, 2)
              .floats(upstream, outer, gathered, width);
      assertArrayEquals(
          expected, run.run(new long[][] {{outer, size, width}}, threads, false).getFirst());
    }
  }

  @Test
  void anIndexOutsideIsRefused() {
    for (long index : new long[] {4, -5, Long.MAX_VALUE}) {
      KernelRun run =
          new KernelRun("GatherGradient")
              .longs(new long[] {0, index}, 2)
              .longs(new long[] {4, 1}, 2)
              .floats(new float[2], 2, 1);
      String message =
          assertThrows(OrtException.class, () -> run.run(new long[][] {{4, 1}}, 1, false))
              .getMessage();
      String expected = "index 1: expected one of 4 elements, found " + index;
      assertTrue(message.contains(expected), message);
    }
  }
}
