package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.IntConsumer;

/** One computation of a {@link Kernel}: where its inputs and outputs are. */
public final class KernelCall {
  private final long context;

  KernelCall(long context) {
    this.context = context;
  }

  /** The elements of input {@code index}, of its own type, good until the kernel returns. */
  public MemorySegment input(int index) {
    return optional(index)
        .orElseThrow(() -> new IllegalArgumentException("input " + index + " is left out"));
  }

  /** The elements of input {@code index}, if the node has it. */
  public Optional<MemorySegment> optional(int index) {
    long value = value(index);
    return value == 0 ? Optional.empty() : Optional.of(data(value, extent(value)));
  }

  /** The sizes of input {@code index}. */
  public long[] shape(int index) {
    return extent(value(index)).sizes();
  }

  /** Has output {@code index} be of {@code shape}: its float32 elements, to be written. */
  public MemorySegment output(int index, long... shape) {
    Extent extent = new Extent(ElementType.FLOAT32, shape);
    try (Arena arena = Arena.ofConfined()) {
      long sizes = arena.allocateFrom(JAVA_LONG, shape).address();
      MemorySegment result = arena.allocate(JAVA_LONG);
      Ort.call(
          OrtApi.KERNEL_CONTEXT_GET_OUTPUT, context, index, sizes, shape.length, result.address());
      return data(result.get(JAVA_LONG, 0), extent);
    }
  }

  /** Has the session's threads, this one among them, call {@code part} with 0 to parts - 1. */
  public void inParallel(int parts, IntConsumer part) {
    if (parts == 1) {
      part.accept(0);
    } else {
      ParallelParts.run(context, parts, part);
    }
  }

  private long value(int index) {
    return Ort.make(OrtApi.KERNEL_CONTEXT_GET_INPUT, context, index);
  }

  private static Extent extent(long value) {
    long info = Ort.make(OrtApi.GET_TENSOR_TYPE_AND_SHAPE, value);
    try {
      return TypeInfos.extent(info);
    } finally {
      Ort.release(OrtApi.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
    }
  }

  private static MemorySegment data(long value, Extent extent) {
    return Foreign.memory(Ort.make(OrtApi.GET_TENSOR_MUTABLE_DATA, value), extent.bytes());
  }
}
