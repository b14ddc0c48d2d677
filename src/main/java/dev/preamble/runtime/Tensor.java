package dev.preamble.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;

/**
 * Memory with an element type and a shape, row-major without gaps. A tensor either owns its memory,
 * which goes with {@link #close}, or borrows it. What is written to the memory is what the next run
 * reads. The memory is ordinary, or a device's ({@link Session#allocate}): that one is written and
 * read by {@link #copyFrom} alone.
 */
public final class Tensor implements AutoCloseable {
  /** What owned memory is aligned to, in bytes: a cache line, the widest vector registers. */
  private static final long ALIGNMENT = 64;

  private final Extent extent;
  private final MemorySegment data;
  private final Optional<DeviceMemory> place;
  private final Handle handle;

  /**
   * A tensor over the value at {@code value}, which it releases.
   *
   * @param data the memory; in a device's memory a segment of no length at its address
   * @param after what is to be done once the value is released
   */
  private Tensor(
      Extent extent, MemorySegment data, Optional<DeviceMemory> place, long value, Runnable after) {
    this.extent = extent;
    this.data = data;
    this.place = place;
    this.handle =
        new Handle(
            "tensor " + extent,
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
    Extent extent = new Extent(type, shape);
    return new Tensor(extent, data, Optional.empty(), extent.value(data), () -> {});
  }

  /** A tensor with ordinary memory of its own, all zero. */
  public static Tensor allocate(ElementType type, long... shape) {
    Extent extent = new Extent(type, shape);
    long bytes = extent.bytes();
    Arena arena = Arena.ofShared();
    try {
      MemorySegment data = arena.allocate(Math.max(bytes, 1), ALIGNMENT).asSlice(0, bytes);
      return new Tensor(extent, data, Optional.empty(), extent.value(data), arena::close);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** A tensor with memory of its own of a device, all zero. */
  static Tensor allocate(DeviceMemory memory, ElementType type, long... shape) {
    Extent extent = new Extent(type, shape);
    long address = memory.take(extent.bytes());
    Tensor tensor;
    try {
      long value = extent.value(memory.info(), address);
      MemorySegment nothing = MemorySegment.ofAddress(address);
      tensor = new Tensor(extent, nothing, Optional.of(memory), value, () -> memory.give(address));
    } catch (RuntimeException | Error e) {
      memory.give(address);
      throw e;
    }
    try {
      memory.clear(tensor);
      return tensor;
    } catch (RuntimeException | Error e) {
      tensor.close();
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
    new Extent(type, shape).requireFilledBy(values);
    Tensor tensor = allocate(type, shape);
    tensor.data.copyFrom(values);
    return tensor;
  }

  /** A tensor made by ONNX Runtime, owned from here on, with its memory. */
  static Tensor made(long value) {
    long info = Ort.make(OrtApi.GET_TENSOR_TYPE_AND_SHAPE, value);
    try {
      TensorInfo declared = TypeInfos.read("", info);
      Extent extent = new Extent(declared.type(), declared.shape());
      long address = Ort.make(OrtApi.GET_TENSOR_MUTABLE_DATA, value);
      Arena arena = Arena.ofShared();
      MemorySegment data = Foreign.memory(address, extent.bytes(), arena);
      return new Tensor(extent, data, Optional.empty(), value, arena::close);
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
    return part(Math.multiplyExact(offset, type().bytes()), new Extent(type(), shape));
  }

  /** The bytes from {@code offset} on, without regard to elements. */
  Tensor bytes(long offset, long count) {
    return part(offset, new Extent(ElementType.UINT8, count));
  }

  private Tensor part(long offset, Extent part) {
    long length = part.bytes();
    Objects.checkFromIndexSize(offset, length, extent.bytes());
    handle.hold();
    try {
      MemorySegment memory =
          place.isEmpty()
              ? data.asSlice(offset, length)
              : MemorySegment.ofAddress(data.address() + offset);
      long info = place.isEmpty() ? Environment.shared().host() : place.get().info();
      long value = part.value(info, memory.address());
      return new Tensor(part, memory, place, value, handle::release);
    } catch (RuntimeException | Error e) {
      handle.release();
      throw e;
    }
  }

  /**
   * Takes over all elements of {@code source}, which is of the same type and size and may be on
   * another device.
   */
  public void copyFrom(Tensor source) {
    if (source.bytes() != bytes()) {
      throw new IllegalArgumentException(source + " does not fill " + this);
    }
    copyFrom(source, 0, 0, size());
  }

  /**
   * Takes over {@code count} elements of {@code source}, which is of the same type and may be on
   * another device.
   *
   * @param from where they begin in {@code source}, in elements
   * @param to where they go to in this tensor, in elements
   */
  public void copyFrom(Tensor source, long from, long to, long count) {
    if (source.type() != type()) {
      throw new IllegalArgumentException(source + " holds no " + type() + " for " + this);
    }
    Objects.checkFromIndexSize(from, count, source.size());
    Objects.checkFromIndexSize(to, count, size());
    Optional<DeviceMemory> memory = place.or(() -> source.place);
    long width = type().bytes();
    if (memory.isPresent()) {
      memory.get().copy(source, from * width, this, to * width, count * width);
    } else {
      MemorySegment.copy(source.data(), from * width, data(), to * width, count * width);
    }
  }

  /** The type of the elements. */
  public ElementType type() {
    return extent.type();
  }

  /** The sizes of the axes; none for a scalar. */
  public long[] shape() {
    return extent.sizes().clone();
  }

  /** The number of elements. */
  public long size() {
    return extent.elements();
  }

  /** The device whose memory it is; the CPU for ordinary memory. */
  public Device device() {
    return place.map(DeviceMemory::device).orElse(Device.CPU);
  }

  /**
   * The memory itself. A segment got from a tensor that owns its memory ends with it.
   *
   * @throws IllegalStateException if it is a device's
   */
  public MemorySegment data() {
    handle.requireOpen();
    if (place.isPresent()) {
      throw new IllegalStateException(
          "tensor %s lies on %s, where Java cannot reach; copy it to one in ordinary memory"
              .formatted(this, device()));
    }
    return data;
  }

  /** A copy of the elements of a float32 tensor. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(size())];
    read(ElementType.FLOAT32, MemorySegment.ofArray(values));
    return values;
  }

  /** A copy of the elements of an int64 tensor. */
  public long[] toLongs() {
    long[] values = new long[Math.toIntExact(size())];
    read(ElementType.INT64, MemorySegment.ofArray(values));
    return values;
  }

  /** A copy of the elements of an int32 tensor. */
  public int[] toInts() {
    int[] values = new int[Math.toIntExact(size())];
    read(ElementType.INT32, MemorySegment.ofArray(values));
    return values;
  }

  private void read(ElementType wanted, MemorySegment values) {
    if (type() != wanted) {
      throw new IllegalStateException(this + " holds no " + wanted);
    }
    if (place.isEmpty()) {
      values.copyFrom(data());
      return;
    }
    try (Tensor here = allocate(type(), extent.sizes())) {
      here.copyFrom(this);
      values.copyFrom(here.data);
    }
  }

  /** Lets go of the memory that the tensor owns, once nothing else holds the tensor. */
  @Override
  public void close() {
    handle.close();
  }

  @Override
  public String toString() {
    return extent.toString();
  }

  Handle handle() {
    return handle;
  }

  /** Whether it is in a device's memory, which Java cannot reach. */
  public boolean isOnDevice() {
    return place.isPresent();
  }

  long bytes() {
    return extent.bytes();
  }

  long[] sizes() {
    return extent.sizes();
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
}
