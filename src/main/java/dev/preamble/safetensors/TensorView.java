package dev.preamble.safetensors;

import dev.preamble.PreambleException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * A named tensor over memory that it does not own: little-endian, row-major, read-only. Views of a
 * mapped file are valid until the file is closed.
 *
 * @param name name in the file
 * @param dtype element type
 * @param shape dimensions, outermost first; empty for a scalar
 * @param data exactly the tensor's bytes; no alignment is promised
 */
public record TensorView(String name, Dtype dtype, List<Long> shape, MemorySegment data) {
  /** Checks that the bytes are as many as dtype and shape ask for. */
  public TensorView {
    shape = List.copyOf(shape);
    data = data.asReadOnly();
    long expected;
    try {
      expected = byteSize(dtype, shape);
    } catch (ArithmeticException overflow) {
      throw new PreambleException(
          "tensor '%s': shape %s of %s is no size".formatted(name, shape, dtype), overflow);
    }
    if (expected != data.byteSize()) {
      throw new PreambleException(
          "tensor '%s': shape %s of %s takes %,d bytes, but there are %,d"
              .formatted(name, shape, dtype, expected, data.byteSize()));
    }
  }

  /** A float32 tensor holding a copy of {@code values}. */
  public static TensorView of(String name, float[] values, long... shape) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, 4)];
    MemorySegment data = MemorySegment.ofArray(bytes);
    MemorySegment.copy(values, 0, data, Floats.FLOAT, 0, values.length);
    return new TensorView(name, Dtype.F32, Arrays.stream(shape).boxed().toList(), data);
  }

  /** Number of elements; 1 for a scalar. */
  public long elements() {
    return data.byteSize() * 8 / dtype.bits();
  }

  /** All elements as float32; see {@link #copyFloats(long, float[], int, int)}. */
  public float[] toFloats() {
    float[] values = new float[javaLength()];
    copyFloats(0, values, 0, values.length);
    return values;
  }

  /**
   * Copies {@code count} elements from {@code first} on to {@code destination}, converted to
   * float32: F16 and BF16 exactly, F64 and integers rounded to nearest. A caller picks a row of an
   * embedding table with {@code copyFloats(row * width, out, 0, width)}.
   *
   * @throws PreambleException when the dtype has no conversion (complex and sub-16-bit floats)
   */
  public void copyFloats(long first, float[] destination, int offset, int count) {
    Floats.copy(this, first, destination, offset, count);
  }

  /**
   * Copies {@code count} elements from {@code first} on to {@code destination} from byte {@code
   * offset} on, as float32 in native order; conversions as in {@link #copyFloats(long, float[],
   * int, int)}.
   */
  public void copyFloats(long first, MemorySegment destination, long offset, long count) {
    Floats.copy(this, first, destination, offset, count);
  }

  /**
   * All elements as int.
   *
   * @throws PreambleException when the dtype is no integer type or a value does not fit
   */
  public int[] toInts() {
    if (!dtype.isInteger()) {
      throw new PreambleException(
          "tensor '%s' is %s; whole numbers were expected".formatted(name, dtype));
    }
    int[] values = new int[javaLength()];
    for (int i = 0; i < values.length; i++) {
      long value = Floats.integerAt(this, i);
      boolean negativeUnsigned = dtype == Dtype.U64 && value < 0;
      if (value != (int) value || negativeUnsigned) {
        throw new PreambleException(
            "tensor '%s': element %d is %s, which does not fit into 32 bits"
                .formatted(
                    name,
                    i,
                    negativeUnsigned ? Long.toUnsignedString(value) : Long.toString(value)));
      }
      values[i] = (int) value;
    }
    return values;
  }

  /** The same tensor over its own copy of the bytes, valid for ever. */
  public TensorView copy() {
    return new TensorView(
        name, dtype, shape, MemorySegment.ofArray(data.toArray(ValueLayout.JAVA_BYTE)));
  }

  /** The same tensor under another name. */
  public TensorView named(String other) {
    return new TensorView(other, dtype, shape, data);
  }

  /** Bytes that {@code shape} elements of {@code dtype} take; sub-byte types must fill bytes. */
  static long byteSize(Dtype dtype, List<Long> shape) {
    long bits = dtype.bits();
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new ArithmeticException("negative dimension");
      }
      bits = Math.multiplyExact(bits, dimension);
    }
    if (bits % 8 != 0) {
      throw new ArithmeticException("not a whole number of bytes");
    }
    return bits / 8;
  }

  private int javaLength() {
    if (elements() > Integer.MAX_VALUE - 8) {
      throw new PreambleException(
          "tensor '%s' has %,d elements, more than one Java array holds"
              .formatted(name, elements()));
    }
    return (int) elements();
  }

  /** Equal name, dtype, shape and bytes. */
  @Override
  public boolean equals(Object other) {
    return other instanceof TensorView that
        && name.equals(that.name)
        && dtype == that.dtype
        && shape.equals(that.shape)
        && data.mismatch(that.data) == -1;
  }

  @Override
  public int hashCode() {
    return 31 * (31 * name.hashCode() + dtype.hashCode()) + shape.hashCode();
  }

  /** Name, dtype and shape, such as {@code prompt_embeddings F32 [20, 4096]}. */
  @Override
  public String toString() {
    return name + " " + dtype + " " + shape;
  }
}
