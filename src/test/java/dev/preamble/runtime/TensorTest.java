package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A tensor is memory with a type and a shape; who owns the memory is never in doubt. */
class TensorTest {
  @Test
  void scalarsVectorsAndEmptyTensorsHoldWhatTheyAreGiven() {
    try (Tensor scalar = Tensor.ints(new int[] {7});
        Tensor longs = Tensor.longs(new long[] {1, 2}, 2);
        Tensor empty = Tensor.allocate(ElementType.FLOAT32, 2, 0, 4)) {
      assertArrayEquals(new long[0], scalar.shape());
      assertArrayEquals(new int[] {7}, scalar.toInts());
      assertArrayEquals(new long[] {1, 2}, longs.toLongs());
      assertEquals(0, empty.size());
      assertArrayEquals(new float[0], empty.toFloats());
    }
  }

  @Test
  void aViewSharesThePartItShowsAndKeepsTheMemory() {
    Tensor whole = Tensor.floats(new float[] {0, 1, 2, 3, 4, 5}, 3, 2);
    Tensor row = whole.view(2, 2);
    row.data().setAtIndex(ValueLayout.JAVA_FLOAT, 1, 30);
    assertArrayEquals(new float[] {0, 1, 2, 30, 4, 5}, whole.toFloats());
    whole.close();
    assertArrayEquals(new float[] {2, 30}, row.toFloats());
    MemorySegment kept = row.data();
    row.close();
    assertThrows(IllegalStateException.class, () -> kept.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Test
  void borrowedMemoryThatWasClosedIsRefusedNotRead() {
    try (Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
        Binding binding = session.bind()) {
      Tensor x;
      try (Arena arena = Arena.ofConfined()) {
        x = Tensor.of(ElementType.FLOAT32, new long[] {1, 1}, arena.allocate(4));
        binding.bindInput("x", x);
        binding.bindOutput("y");
        binding.run();
      }
      assertThrows(IllegalStateException.class, binding::run);
      assertThrows(IllegalStateException.class, () -> session.run(Map.of("x", x)));
      x.close();
    }
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    try (Arena arena = Arena.ofConfined();
        Tensor six = Tensor.allocate(ElementType.INT32, 6)) {
      MemorySegment four = arena.allocate(4);
      MemorySegment heap = MemorySegment.ofArray(new float[1]);
      refused(() -> Tensor.of(ElementType.FLOAT32, new long[] {2}, four));
      refused(() -> Tensor.of(ElementType.FLOAT32, new long[] {-1}, four));
      refused(() -> Tensor.of(ElementType.FLOAT32, new long[] {1}, heap));
      refused(() -> Tensor.floats(new float[3], 2, 2));
      assertThrows(
          ArithmeticException.class, () -> Tensor.allocate(ElementType.INT64, 1L << 62, 4));
      assertThrows(IndexOutOfBoundsException.class, () -> six.view(3, 4));
      assertThrows(IllegalStateException.class, six::toFloats);
    }
  }

  private static void refused(org.junit.jupiter.api.function.Executable use) {
    assertThrows(IllegalArgumentException.class, use);
  }
}
