package dev.preamble.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Slices of a constant are where they were in the whole. */
class ConstantSlicesTest {
  @Test
  void ofValuesInTheGraph() {
    Constant slices = Constant.ofLongs("whole", 3, 1, 4, 1, 5).slices("part", 1, 3);
    assertEquals("part", slices.name());
    assertEquals(List.of(3L), slices.dimensions());
    assertArrayEquals(new long[] {1, 4, 1}, slices.longs());
  }

  @Test
  void ofValuesInAFile() {
    Constant whole =
        new Constant(
            "whole", DataType.FLOAT, List.of(10L, 6L), new Constant.External("w", 100, 240));
    assertEquals(
        new Constant("part", DataType.FLOAT, List.of(3L, 6L), new Constant.External("w", 148, 72)),
        whole.slices("part", 2, 3));
  }
}
