package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.training.Parameters.Parameter;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Named arrays: what is shared, what is copied, what is refused. */
class ParametersTest {
  private final Parameter weight = Parameter.trained("weight", new float[] {3, 0, 0, 4}, 2, 2);
  private final Parameter bias = Parameter.frozen("bias", new float[] {12}, 1);
  private final Parameters both = Parameters.of(weight, bias);

  @Test
  void arraysAreSharedUntilCopied() {
    Parameters copy = both.copy();
    both.values("weight")[0] = 5;
    assertEquals(5, both.trainable().values("weight")[0]);
    assertEquals(3, copy.values("weight")[0]);
    assertEquals(List.of("weight", "bias"), List.copyOf(both.names()));
    assertEquals(Set.of("weight"), both.trainable().names());
    assertEquals(5, both.size());
  }

  @Test
  void normScaleAndSumGoOverAllOfThem() {
    assertEquals(13, both.norm());
    both.scale(2);
    assertEquals(26, both.norm());
    Parameters sum = both.zeros();
    sum.add(both);
    sum.add(both);
    assertArrayEquals(new float[] {12, 0, 0, 16}, sum.values("weight"));
    assertArrayEquals(new float[] {48}, sum.values("bias"));
  }

  @Test
  void wrongShapesAndNamesAreRefused() {
    assertFault("expected 4 values", () -> Parameter.trained("w", new float[3], 2, 2));
    assertFault("there twice", () -> Parameters.of(bias, bias));
    assertFault("expected one of [weight, bias]", () -> both.get("gamma"));
  }

  private static void assertFault(String part, Runnable doing) {
    String message = assertThrows(TrainingException.class, doing::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
