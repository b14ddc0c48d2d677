package dev.preamble.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor that does not change: its values stand in the graph ({@link Inline}) or in a file beside
 * it ({@link External}).
 */
public record Constant(String name, DataType type, List<Long> dimensions, Data data) {

  /** Where the values are. */
  public sealed interface Data {}

  /** Values in the graph itself: row-major, little-endian. */
  public record Inline(byte[] bytes) implements Data {}

  /**
   * {@code length} bytes from {@code offset} of the file {@code location} in the graph's folder.
   */
  public record External(String location, long offset, long length) implements Data {}

  /** Checks that the values fill the shape exactly. */
  public Constant {
    dimensions = List.copyOf(dimensions);
    long elements = 1;
    for (long dimension : dimensions) {
      elements = Math.multiplyExact(elements, dimension);
    }
    long expected = type.bytesOf(elements);
    long found =
        switch (data) {
          case Inline inline -> inline.bytes().length;
          case External external -> external.length();
        };
    if (found != expected) {
      throw new GraphException(
          "Constant %s of type %s and shape %s needs %d bytes, found %d"
              .formatted(name, type, dimensions, expected, found));
    }
  }

  /** A one-dimensional int64 tensor. */
  public static Constant ofLongs(String name, long... values) {
    ByteBuffer buffer = buffer(8 * values.length);
    Arrays.stream(values).forEach(buffer::putLong);
    return new Constant(
        name, DataType.INT64, List.of((long) values.length), new Inline(buffer.array()));
  }

  /** An int64 scalar. */
  public static Constant ofLong(String name, long value) {
    return new Constant(
        name, DataType.INT64, List.of(), new Inline(buffer(8).putLong(value).array()));
  }

  /** A float32 scalar. */
  public static Constant ofFloat(String name, float value) {
    return new Constant(
        name, DataType.FLOAT, List.of(), new Inline(buffer(4).putFloat(value).array()));
  }

  /** A scalar of a real type. */
  public static Constant ofReal(String name, DataType type, float value) {
    ByteBuffer buffer = buffer(type.bytes());
    switch (type) {
      case FLOAT -> buffer.putFloat(value);
      case DOUBLE -> buffer.putDouble(value);
      case FLOAT16 -> buffer.putShort(Float.floatToFloat16(value));
      case BFLOAT16 -> buffer.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
      default -> throw new GraphException("Constant " + name + ": " + type + " is no real type");
    }
    return new Constant(name, type, List.of(), new Inline(buffer.array()));
  }

  /**
   * The constant {@code name} that has {@code count} of this one's slices along the first
   * dimension, from slice {@code from} on; of values in a file only the place is noted.
   */
  public Constant slices(String name, long from, long count) {
    List<Long> sizes = new ArrayList<>(dimensions);
    long whole = sizes.set(0, count);
    Data part =
        switch (data) {
          case Inline(byte[] bytes) -> {
            int slice = Math.toIntExact(bytes.length / whole);
            yield new Inline(
                Arrays.copyOfRange(
                    bytes, Math.toIntExact(from * slice), Math.toIntExact((from + count) * slice)));
          }
          case External(String location, long offset, long length) -> {
            long slice = length / whole;
            yield new External(location, offset + from * slice, count * slice);
          }
        };
    return new Constant(name, type, sizes, part);
  }

  /** The shape as a {@link Shape}. */
  public Shape shape() {
    return Shape.of(dimensions.toArray());
  }

  /** The values of an inline int64 or int32 tensor. */
  public long[] longs() {
    ByteBuffer buffer = inlineBytes();
    long[] values = new long[buffer.remaining() / type.bytes()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case INT64 -> buffer.getLong();
            case INT32 -> buffer.getInt();
            default -> throw notOf("integers");
          };
    }
    return values;
  }

  /** The one value of an inline tensor of a real type with a single element. */
  public float singleFloat() {
    ByteBuffer buffer = inlineBytes();
    if (buffer.remaining() != type.bytes()) {
      throw notOf("one element");
    }
    return switch (type) {
      case FLOAT -> buffer.getFloat();
      case DOUBLE -> (float) buffer.getDouble();
      case FLOAT16 -> Float.float16ToFloat(buffer.getShort());
      case BFLOAT16 -> Float.intBitsToFloat(buffer.getShort() << 16);
      default -> throw notOf("a real type");
    };
  }

  private ByteBuffer inlineBytes() {
    if (data instanceof Inline(byte[] bytes)) {
      return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
    throw notOf("values inside the graph");
  }

  private GraphException notOf(String expected) {
    return new GraphException(
        "Constant %s: expected %s, found %s %s in %s"
            .formatted(name, expected, type, dimensions, data.getClass().getSimpleName()));
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
