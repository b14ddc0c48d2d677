package dev.preamble.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.preamble.PreambleException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorViewTest {
  @Test
  void everyHalfPrecisionValueWidensExactly() {
    ByteBuffer halves = ByteBuffer.allocate(1 << 17).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits = 0; bits < 1 << 16; bits++) {
      halves.putShort((short) bits);
    }
    float[] half = tensor(Dtype.F16, halves, 1 << 16).toFloats();
    float[] brain = tensor(Dtype.BF16, halves, 1 << 16).toFloats();
    for (int bits = 0; bits < 1 << 16; bits++) {
      int exponent = bits >> 10 & 31;
      double magnitude =
          exponent == 31
              ? (bits & 1023) == 0 ? Double.POSITIVE_INFINITY : Double.NaN
              : exponent == 0
                  ? Math.scalb((double) (bits & 1023), -24)
                  : Math.scalb((double) (bits & 1023 | 1024), exponent - 25);
      assertEquals((float) (bits >> 15 == 0 ? magnitude : -magnitude), half[bits]);
      assertEquals(bits << 16, Float.floatToRawIntBits(brain[bits]));
    }
  }

  @Test
  void otherTypesRoundToNearest() {
    ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(-1).putLong((1L << 63) + (1L << 39) + 1).flip();
    assertArrayEquals(
        new float[] {0x1p64f, Math.nextUp(0x1p63f)}, tensor(Dtype.U64, bytes, 2).toFloats());
    assertArrayEquals(new float[] {-1, -0x1p63f + 0x1p39f}, tensor(Dtype.I64, bytes, 2).toFloats());
    assertEquals(-1, tensor(Dtype.I16, bytes, 8).toFloats()[0]);
    assertEquals(65535, tensor(Dtype.U16, bytes, 8).toFloats()[0]);
    assertEquals(255, tensor(Dtype.U8, bytes, 16).toInts()[0]);
    assertEquals(-1, tensor(Dtype.I8, bytes, 16).toInts()[0]);
    assertEquals(1, tensor(Dtype.BOOL, bytes, 16).toInts()[0]);
    assertEquals(-1, tensor(Dtype.I32, bytes, 4).toInts()[0]);
    assertThrows(PreambleException.class, () -> tensor(Dtype.U32, bytes, 4).toInts());
    assertThrows(PreambleException.class, () -> tensor(Dtype.U64, bytes, 2).toInts());
    assertThrows(PreambleException.class, () -> tensor(Dtype.F32, bytes, 4).toInts());
    assertThrows(PreambleException.class, () -> tensor(Dtype.C64, bytes, 2).toFloats());
    ByteBuffer doubles = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    doubles.putDouble(0.1);
    assertArrayEquals(new float[] {0.1f}, tensor(Dtype.F64, doubles.flip(), 1).toFloats());
  }

  @Test
  void aRowIsCopiedFromTheMiddleIntoArrayOrMemory() {
    int count = 20_000;
    ByteBuffer halves = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      halves.putShort(Float.floatToFloat16(i % 2048));
    }
    TensorView table = tensor(Dtype.F16, halves, count);
    float[] row = new float[10_002];
    table.copyFloats(5000, row, 1, 10_000);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(ValueLayout.JAVA_FLOAT, 10_001);
      table.copyFloats(5000, memory, 4, 10_000);
      for (int i = 0; i < 10_000; i++) {
        assertEquals((5000 + i) % 2048, row[1 + i]);
        assertEquals(row[1 + i], memory.getAtIndex(ValueLayout.JAVA_FLOAT, i + 1));
      }
      assertEquals(0, memory.get(ValueLayout.JAVA_FLOAT, 0));
    }
    assertEquals(0, row[0] + row[10_001]);
    assertThrows(IndexOutOfBoundsException.class, () -> table.copyFloats(count - 1, row, 0, 2));
  }

  @Test
  void bytesThatDoNotFitTheShapeAreRefused() {
    assertThrows(PreambleException.class, () -> TensorView.of("x", new float[5], 2, 3));
  }

  private static TensorView tensor(Dtype dtype, ByteBuffer bytes, long elements) {
    return new TensorView("x", dtype, List.of(elements), MemorySegment.ofArray(bytes.array()));
  }
}
