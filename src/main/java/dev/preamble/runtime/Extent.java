package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** How far a tensor reaches: the type of its elements, the sizes of its axes, its bytes. */
final class Extent {
  private final ElementType type;
  private final long[] sizes;
  private final long bytes;

  /**
   * The extent of {@code sizes}, which is copied; none for a scalar.
   *
   * @throws IllegalArgumentException if a size is below 0
   * @throws ArithmeticException if the bytes are more than a long counts
   */
  Extent(ElementType type, long... sizes) {
    this.type = type;
    this.sizes = sizes.clone();
    long product = type.bytes();
    for (long size : sizes) {
      if (size < 0) {
        throw new IllegalArgumentException("a tensor cannot be " + this);
      }
      product = Math.multiplyExact(product, size);
    }
    bytes = product;
  }

  ElementType type() {
    return type;
  }

  /** The array itself. */
  long[] sizes() {
    return sizes;
  }

  long bytes() {
    return bytes;
  }

  long elements() {
    return bytes / type.bytes();
  }

  /** Refuses memory of another size. */
  void requireFilledBy(MemorySegment data) {
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          String.format("%s takes %d bytes, not %d", this, bytes, data.byteSize()));
    }
  }

  /** An {@code OrtValue} over {@code data}, ordinary memory. */
  long value(MemorySegment data) {
    requireFilledBy(data);
    if (!data.isNative()) {
      throw new IllegalArgumentException(this + " needs native memory, not a Java array");
    }
    return value(Environment.shared().host(), data.address());
  }

  /**
   * An {@code OrtValue} over the memory at {@code address}.
   *
   * @param info the address of the {@code OrtMemoryInfo} that says whose memory it is
   */
  long value(long info, long address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      long axes = arena.allocateFrom(JAVA_LONG, sizes).address();
      Ort.check(
          (long)
              OrtApi.CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE.invokeExact(
                  info, address, bytes, axes, (long) sizes.length, type.code(), result.address()));
      return result.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }

  /** Type and sizes, such as {@code FLOAT32 [1, 64]}. */
  @Override
  public String toString() {
    return type + " " + Arrays.toString(sizes);
  }
}
