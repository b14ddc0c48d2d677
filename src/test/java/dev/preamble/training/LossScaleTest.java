package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LossScaleTest {
  @Test
  void doublesAfterAsManyStepsWithoutOverflowAsItSays() {
    LossScale scale = new LossScale(8, 3);
    scale.fits();
    scale.fits();
    assertEquals(8, scale.factor());
    scale.fits();
    assertEquals(16, scale.factor());
    scale.fits();
    scale.fits();
    assertTrue(scale.overflowed());
    assertEquals(8, scale.factor());
    scale.fits();
    scale.fits();
    assertEquals(8, scale.factor(), "an overflow starts the count anew");
    scale.fits();
    assertEquals(16, scale.factor());
  }

  @Test
  void endsAtOneWhereNoSmallerScaleIsLeft() {
    LossScale scale = new LossScale(2, 1000);
    assertTrue(scale.overflowed());
    assertEquals(1, scale.factor());
    assertFalse(scale.overflowed());
    assertEquals(1, scale.factor());
    assertEquals(2, scale.overflows());
  }

  @Test
  void neverLeavesFloat32() {
    LossScale scale = new LossScale(1L << 40, 1);
    scale.fits();
    assertEquals(1L << 40, scale.factor());
    assertThrows(IllegalArgumentException.class, () -> new LossScale(0.5f, 1));
    assertThrows(IllegalArgumentException.class, () -> new LossScale(Float.NaN, 1));
    assertThrows(IllegalArgumentException.class, () -> new LossScale(2, 0));
  }
}
