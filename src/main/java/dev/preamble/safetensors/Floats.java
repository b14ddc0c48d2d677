package dev.preamble.safetensors;

import dev.preamble.PreambleException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Conversion of tensor elements to float32. Half-precision elements pass through small arrays that
 * stay in the cache: loops over arrays are what the JIT turns into vector instructions.
 */
final class Floats {
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Elements converted at a time: 16 KiB of shorts and 32 KiB of floats. */
  private static final int CHUNK = 8192;

  private Floats() {}

  static void copy(TensorView from, long first, float[] to, int offset, int count) {
    Objects.checkFromIndexSize(offset, count, to.length);
    Objects.checkFromIndexSize(first, (long) count, from.elements());
    switch (from.dtype()) {
      case F32 -> MemorySegment.copy(from.data(), FLOAT, first * 4, to, offset, count);
      case F16, BF16 -> {
        boolean brain = from.dtype() == Dtype.BF16;
        short[] chunk = new short[Math.min(count, CHUNK)];
        for (int done = 0; done < count; ) {
          int length = Math.min(chunk.length, count - done);
          MemorySegment.copy(from.data(), SHORT, (first + done) * 2, chunk, 0, length);
          if (brain) {
            widenBrain(chunk, length, to, offset + done);
          } else {
            widenHalf(chunk, length, to, offset + done);
          }
          done += length;
        }
      }
      case F64 -> {
        for (int i = 0; i < count; i++) {
          to[offset + i] = (float) from.data().get(DOUBLE, (first + i) * 8);
        }
      }
      case U64 -> {
        for (int i = 0; i < count; i++) {
          to[offset + i] = unsignedToFloat(integerAt(from, first + i));
        }
      }
      default -> {
        if (!from.dtype().isInteger()) {
          throw new PreambleException(
              "tensor '%s' is %s, which does not convert to float32; expected F64, F32, F16, BF16 or integers"
                  .formatted(from.name(), from.dtype()));
        }
        for (int i = 0; i < count; i++) {
          to[offset + i] = integerAt(from, first + i);
        }
      }
    }
  }

  static void copy(TensorView from, long first, MemorySegment to, long offset, long count) {
    Objects.checkFromIndexSize(first, count, from.elements());
    if (from.dtype() == Dtype.F32 && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      MemorySegment.copy(from.data(), first * 4, to, offset, count * 4);
      return;
    }
    float[] chunk = new float[(int) Math.min(count, CHUNK)];
    for (long done = 0; done < count; ) {
      int length = (int) Math.min(chunk.length, count - done);
      copy(from, first + done, chunk, 0, length);
      MemorySegment.copy(chunk, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + done * 4, length);
      done += length;
    }
  }

  /** Element {@code index} of an integer tensor; a U64 value comes as its bits. */
  static long integerAt(TensorView from, long index) {
    MemorySegment data = from.data();
    return switch (from.dtype()) {
      case BOOL -> data.get(ValueLayout.JAVA_BYTE, index) == 0 ? 0 : 1;
      case U8 -> Byte.toUnsignedLong(data.get(ValueLayout.JAVA_BYTE, index));
      case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
      case U16 -> Short.toUnsignedLong(data.get(SHORT, index * 2));
      case I16 -> data.get(SHORT, index * 2);
      case U32 -> Integer.toUnsignedLong(data.get(INT, index * 4));
      case I32 -> data.get(INT, index * 4);
      case U64, I64 -> data.get(LONG, index * 8);
      default -> throw new IllegalArgumentException(from.dtype() + " is no integer type");
    };
  }

  private static void widenHalf(short[] from, int count, float[] to, int offset) {
    for (int i = 0; i < count; i++) {
      to[offset + i] = Float.float16ToFloat(from[i]);
    }
  }

  private static void widenBrain(short[] from, int count, float[] to, int offset) {
    for (int i = 0; i < count; i++) {
      to[offset + i] = Float.intBitsToFloat(from[i] << 16);
    }
  }

  /** Rounds once: the lowest bit is folded in as sticky before the value is halved. */
  private static float unsignedToFloat(long bits) {
    return bits >= 0 ? bits : (float) (bits >>> 1 | bits & 1) * 2;
  }
}
