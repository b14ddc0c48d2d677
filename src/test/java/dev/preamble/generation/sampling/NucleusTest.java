package dev.preamble.generation.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is left is what a sort of all tokens leaves. */
class NucleusTest {
  private final Random random = new Random(1);

  @Test
  void ofFlatAndPeakedAndTiedWeightsOfSmallAndLargeVocabularies() {
    for (int round = 0; round < 200; round++) {
      int count = round % 10 == 0 ? 5_000 : 1 + random.nextInt(60);
      double spread = random.nextInt(12);
      double[] weights = new double[count];
      for (int i = 0; i < count; i++) {
        double drawn = Math.exp(-spread * Math.abs(random.nextGaussian()));
        weights[i] = round % 3 == 0 ? Math.ceil(8 * drawn) / 8 : (float) drawn;
        if (round % 7 == 0 && random.nextInt(3) == 0) {
          weights[i] = 0;
        }
      }
      weights[random.nextInt(count)] = 1;
      for (double topP : new double[] {0.01, 0.5, 0.9, 0.99, 0.999999}) {
        compare(weights, topP);
      }
    }
  }

  private static void compare(double[] weights, double topP) {
    int count = weights.length;
    double sum = Arrays.stream(weights).sum();
    Workspace space = new Workspace(count);
    for (int i = 0; i < count; i++) {
      space.kept[i] = 7 * i;
      space.weights[i] = weights[i];
    }
    int left = new Nucleus(topP).leave(space, count, sum);
    Set<Integer> found = new HashSet<>();
    for (int i = 0; i < left; i++) {
      found.add(space.kept[i]);
      assertEquals(weights[space.kept[i] / 7], space.weights[i]);
    }
    assertEquals(sorted(weights, topP, sum), found, () -> topP + " of " + Arrays.toString(weights));
  }

  private static Set<Integer> sorted(double[] weights, double topP, double sum) {
    int[] order =
        IntStream.range(0, weights.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -weights[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    Set<Integer> left = new HashSet<>();
    double mass = 0;
    for (int i = 0; i < order.length && mass < topP * sum * (1 - 1e-12); i++) {
      left.add(7 * order[i]);
      mass += weights[order[i]];
    }
    return left;
  }
}
