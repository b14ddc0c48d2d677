package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * One computation of a {@link Kernel}: where its inputs and outputs are. Only the thread that the
 * kernel is called on asks for them; any thread may use what it was given.
 */
public final class KernelCall {
  private final long context;

  private final Arena arena;

  /** Where the runtime puts what it is asked for. */
  private final MemorySegment answer;

  /**
   * @param context the address of the {@code OrtKernelContext}
   * @param arena of this thread, lives as long as the call
   */
  KernelCall(long context, Arena arena) {
    this.context = context;
    this.arena = arena;
    answer = arena.allocate(JAVA_LONG);
  }

  /** The elements of input {@code index}, of its own type, good until the kernel returns. */
  public MemorySegment input(int index) {
    return optional(index)
        .orElseThrow(() -> new IllegalArgumentException("input " + index + " is left out"));
  }

  /** The elements of input {@code index}, if the node has it. */
  public Optional<MemorySegment> optional(int index) {
    long value = value(index);
    return value == 0 ? Optional.empty() : Optional.of(data(value));
  }

  /** The sizes of input {@code index}. */
  public long[] shape(int index) {
    long info = Ort.make(OrtApi.GET_TENSOR_TYPE_AND_SHAPE, value(index));
    try {
      return TypeInfos.extent(info).sizes();
    } finally {
      Ort.release(OrtApi.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
    }
  }

  /** Has output {@code index} be of {@code shape}: its float32 elements, to be written. */
  public MemorySegment output(int index, long... shape) {
    long sizes = arena.allocateFrom(JAVA_LONG, shape).address();
    try {
      Ort.check(
          (long)
              OrtApi.KERNEL_CONTEXT_GET_OUTPUT.invokeExact(
                  context, (long) index, sizes, (long) shape.length, answer.address()));
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
    return data(answer.get(JAVA_LONG, 0));
  }

  /** Has the session's threads, this one among them, call {@code part} with 0 to parts - 1. */
  public void inParallel(int parts, IntConsumer part) {
    if (parts == 1) {
      part.accept(0);
    } else {
      ParallelParts.run(context, parts, part);
    }
  }

  // These run before and behind every kernel's work, when the processor's caches hold the products
  // of others: the less they touch, the sooner that work begins.

  private long value(int index) {
    try {
      Ort.check(
          (long)
              OrtApi.KERNEL_CONTEXT_GET_INPUT.invokeExact(context, (long) index, answer.address()));
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
    return answer.get(JAVA_LONG, 0);
  }

  private MemorySegment data(long value) {
    try {
      Ort.check((long) OrtApi.GET_TENSOR_SIZE_IN_BYTES.invokeExact(value, answer.address()));
      long bytes = answer.get(JAVA_LONG, 0);
      Ort.check((long) OrtApi.GET_TENSOR_MUTABLE_DATA.invokeExact(value, answer.address()));
      return Foreign.memory(answer.get(JAVA_LONG, 0), bytes);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }
}
