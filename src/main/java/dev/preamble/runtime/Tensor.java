package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Memory with an element type and a shape, row-major without gaps. A tensor either owns its memory,
 * which goes with {@link #close}, or borrows it. What is written to the memory is what the next run
 * reads: nothing is copied.
 */
public final class Tensor implements AutoCloseable {
  /** What owned memory is aligned to, in bytes: a cache line, the widest vector registers. */
  private static final long ALIGNMENT = 64;

  private final ElementType type;
  private final long[] shape;
  private final MemorySegment data;
  private final Handle handle;

  private Tensor(ElementType type, long[] shape, MemorySegment data, long value, Runnable after) {
    this.type = type;
    this.shape = shape;
    this.data = data;
    this.handle =
        new Handle(
            "tensor " + describe(type, shape),
            value,
            () -> {
              Ort.release(OrtApi.RELEASE_VALUE, value);
              after.run();
            });
  }

  /**
   * A tensor that borrows {@code data}, which must stay open as long as the tensor is in use.
   *
   * @param shape the sizes of the axes; none for a scalar
   * @param data native memory of exactly the tensor's size; it may be a mapped file
   */
  public static Tensor of(ElementType type, long[] shape, MemorySegment data) {
    long[] sizes = shape.clone();
    return new Tensor(type, sizes, data, value(type, sizes, data), () -> {});
  }

  /** A tensor with memory of its own, all zero. */
  public static Tensor allocate(ElementType type, long... shape) {
    long[] sizes = shape.clone();
    long bytes = bytes(type, sizes);
    Arena arena = Arena.ofShared();
    try {
      MemorySegment data = arena.allocate(Math.max(bytes, 1), ALIGNMENT).asSlice(0, bytes);
      return new Tensor(type, sizes, data, value(type, sizes, data), arena::close);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** A copy of {@code values} as float32; a scalar without a shape. */
  public static Tensor floats(float[] values, long... shape) {
    return copy(ElementType.FLOAT32, shape, MemorySegment.ofArray(values));
  }

  /** A copy of {@code values} as int64; a scalar without a shape. */
  public static Tensor longs(long[] values, long... shape) {
    return copy(ElementType.INT64, shape, MemorySegment.ofArray(values));
  }

  /** A copy of {@code values} as int32; a scalar without a shape. */
  public static Tensor ints(int[] values, long... shape) {
    return copy(ElementType.INT32, shape, MemorySegment.ofArray(values));
  }

  private static Tensor copy(ElementType type, long[] shape, MemorySegment values) {
    requireSize(type, shape, values);
    Tensor tensor = allocate(type, shape);
    tensor.data.copyFrom(values);
    return tensor;
  }

  /** A tensor made by ONNX Runtime, owned from here on, with its memory. */
  static Tensor made(long value) {
    long info = Ort.make(OrtApi.GET_TENSOR_TYPE_AND_SHAPE, value);
    try {
      TensorInfo declared = TypeInfos.read("", info);
      long[] shape = declared.shape();
      long address = Ort.make(OrtApi.GET_TENSOR_MUTABLE_DATA, value);
      Arena arena = Arena.ofShared();
      MemorySegment data = Foreign.memory(address, bytes(declared.type(), shape), arena);
      return new Tensor(declared.type(), shape, data, value, arena::close);
    } finally {
      Ort.release(OrtApi.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
    }
  }

  /**
   * A tensor over a part of this one's memory, which it keeps.
   *
   * @param offset where the part begins, in elements
   * @param shape the shape of the part, of this tensor's element type
   */
  public Tensor view(long offset, long... shape) {
    handle.hold();
    try {
      long[] sizes = shape.clone();
      MemorySegment part =
          data.asSlice(Math.multiplyExact(offset, type.bytes()), bytes(type, sizes));
      return new Tensor(type, sizes, part, value(type, sizes, part), handle::release);
    } catch (RuntimeException | Error e) {
      handle.release();
      throw e;
    }
  }

  /** The type of the elements. */
  public ElementType type() {
    return type;
  }

  /** The sizes of the axes; none for a scalar. */
  public long[] shape() {
    return shape.clone();
  }

  /** The number of elements. */
  public long size() {
    return data.byteSize() / type.bytes();
  }

  /** The memory itself. A segment got from a tensor that owns its memory ends with it. */
  public MemorySegment data() {
    handle.requireOpen();
    return data;
  }

  /** A copy of the elements of a float32 tensor. */
  public float[] toFloats() {
    return as(ElementType.FLOAT32, JAVA_FLOAT).toArray(JAVA_FLOAT.withByteAlignment(1));
  }

  /** A copy of the elements of an int64 tensor. */
  public long[] toLongs() {
    return as(ElementType.INT64, JAVA_LONG).toArray(JAVA_LONG.withByteAlignment(1));
  }

  /** A copy of the elements of an int32 tensor. */
  public int[] toInts() {
    return as(ElementType.INT32, JAVA_INT).toArray(JAVA_INT.withByteAlignment(1));
  }

  private MemorySegment as(ElementType wanted, ValueLayout layout) {
    if (type != wanted) {
      throw new IllegalStateException(this + " holds no " + wanted);
    }
    return data();
  }

  /** Lets go of the memory that the tensor owns, once nothing else holds the tensor. */
  @Override
  public void close() {
    handle.close();
  }

  @Override
  public String toString() {
    return describe(type, shape);
  }

  Handle handle() {
    return handle;
  }

  long[] sizes() {
    return shape;
  }

  boolean isReadOnly() {
    return data.isReadOnly();
  }

  /** Refuses memory that was closed under the tensor. */
  void requireMemory() {
    if (!data.scope().isAlive()) {
      throw new IllegalStateException("the memory of tensor " + this + " is closed");
    }
  }

  private static String describe(ElementType type, long[] shape) {
    return type + " " + Arrays.toString(shape);
  }

  private static long bytes(ElementType type, long[] shape) {
    long bytes = type.bytes();
    for (long size : shape) {
      if (size < 0) {
        throw new IllegalArgumentException("a tensor cannot be " + describe(type, shape));
      }
      bytes = Math.multiplyExact(bytes, size);
    }
    return bytes;
  }

  private static void requireSize(ElementType type, long[] shape, MemorySegment data) {
    if (data.byteSize() != bytes(type, shape)) {
      throw new IllegalArgumentException(
          String.format(
              "%s takes %d bytes, not %d",
              describe(type, shape), bytes(type, shape), data.byteSize()));
    }
  }

  /** An {@code OrtValue} over {@code data}. */
  private static long value(ElementType type, long[] shape, MemorySegment data) {
    requireSize(type, shape, data);
    if (!data.isNative()) {
      throw new IllegalArgumentException(
          describe(type, shape) + " needs native memory, not a Java array");
    }
    long host = Environment.shared().host();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      long sizes = arena.allocateFrom(JAVA_LONG, shape).address();
      Ort.check(
          (long)
              OrtApi.CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE.invokeExact(
                  host,
                  data.address(),
                  data.byteSize(),
                  sizes,
                  (long) shape.length,
                  type.code(),
                  result.address()));
      return result.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }
}
