package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * One computation of a {@link Kernel}: where its inputs and outputs are. Only the thread that the
 * kernel is called on asks for them; any thread may use what it was given.
 *
 * <p>A kernel is called when the products before it have filled the processor's caches, and what it
 * touches first comes from memory, page tables included. All that is asked here is therefore asked
 * in a few places and without memory of its own.
 */
public final class KernelCall {
  /** Axes of a tensor that ONNX Runtime's operators can have. */
  private static final int MOST_AXES = 64;

  private static final ThreadLocal<KernelCall> OF_THREAD = ThreadLocal.withInitial(KernelCall::new);

  private final Thread owner = Thread.currentThread();
  private long context;

  /** Where the runtime puts a number that it is asked for, and the sizes of axes. */
  private final MemorySegment number = Arena.ofAuto().allocate(JAVA_LONG);

  private final MemorySegment sizes = Arena.ofAuto().allocate(JAVA_LONG, MOST_AXES);

  private KernelCall() {}

  /**
   * Has {@code computation} compute in the {@code OrtKernelContext} at {@code context}, within
   * another one's computation perhaps.
   */
  static void in(long context, Kernel.Computation computation) {
    KernelCall call = OF_THREAD.get();
    long outer = call.context;
    call.context = context;
    try {
      computation.compute(call);
    } finally {
      call.context = outer;
    }
  }

  /** The elements of input {@code index}, of its own type, good until the kernel returns. */
  public MemorySegment input(int index) {
    return data(present(index));
  }

  /** The elements of input {@code index}, if the node has it. */
  public Optional<MemorySegment> optional(int index) {
    long value = value(index);
    return value == 0 ? Optional.empty() : Optional.of(data(value));
  }

  /** The sizes of input {@code index}. */
  public long[] shape(int index) {
    return sizes.asSlice(0, axes(index) * JAVA_LONG.byteSize()).toArray(JAVA_LONG);
  }

  /** Has output {@code index} be of {@code shape}: its float32 elements, to be written. */
  public MemorySegment output(int index, long... shape) {
    MemorySegment.copy(shape, 0, sizes, JAVA_LONG, 0, shape.length);
    return allocated(index, shape.length);
  }

  /** Has output {@code index} be of the shape of input {@code input}, as {@link #output}. */
  public MemorySegment outputLike(int index, int input) {
    return allocated(index, axes(input));
  }

  /** Has the session's threads, this one among them, call {@code part} with 0 to parts - 1. */
  public void inParallel(int parts, IntConsumer part) {
    if (parts == 1) {
      part.accept(0);
    } else {
      ParallelParts.run(context, parts, part);
    }
  }

  /** Output {@code index}, of as many axes of {@code sizes}. */
  private MemorySegment allocated(int index, long axes) {
    requireOwner();
    try {
      Ort.check(
          (long)
              OrtApi.KERNEL_CONTEXT_GET_OUTPUT.invokeExact(
                  context, (long) index, sizes.address(), axes, number.address()));
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
    return data(number.get(JAVA_LONG, 0));
  }

  /** Puts the sizes of input {@code index} into {@code sizes}; their number. */
  private long axes(int index) {
    long info = ask(OrtApi.GET_TENSOR_TYPE_AND_SHAPE, present(index));
    try {
      long axes = ask(OrtApi.GET_DIMENSIONS_COUNT, info);
      if (axes > MOST_AXES) {
        throw new IllegalArgumentException("input " + index + " has " + axes + " axes");
      }
      Ort.check((long) OrtApi.GET_DIMENSIONS.invokeExact(info, sizes.address(), axes));
      return axes;
    } catch (Throwable e) {
      throw Ort.thrown(e);
    } finally {
      Ort.release(OrtApi.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
    }
  }

  private long present(int index) {
    long value = value(index);
    if (value == 0) {
      throw new IllegalArgumentException("input " + index + " is left out");
    }
    return value;
  }

  private void requireOwner() {
    if (Thread.currentThread() != owner) {
      throw new WrongThreadException(
          "a kernel's inputs and outputs are asked for by the thread that it is called on, "
              + owner.getName());
    }
  }

  private long value(int index) {
    requireOwner();
    try {
      Ort.check(
          (long)
              OrtApi.KERNEL_CONTEXT_GET_INPUT.invokeExact(context, (long) index, number.address()));
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
    return number.get(JAVA_LONG, 0);
  }

  private MemorySegment data(long value) {
    long info = ask(OrtApi.GET_TENSOR_TYPE_AND_SHAPE, value);
    long bytes;
    try {
      bytes =
          ask(OrtApi.GET_TENSOR_SHAPE_ELEMENT_COUNT, info)
              * ElementType.of((int) ask(OrtApi.GET_TENSOR_ELEMENT_TYPE, info)).bytes();
    } finally {
      Ort.release(OrtApi.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
    }
    return Foreign.memory(ask(OrtApi.GET_TENSOR_MUTABLE_DATA, value), bytes);
  }

  /** The number that {@code function} says of the object at {@code address}. */
  private long ask(MethodHandle function, long address) {
    number.set(JAVA_LONG, 0, 0);
    Ort.call(function, address, number.address());
    return number.get(JAVA_LONG, 0);
  }
}
