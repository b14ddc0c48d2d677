package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandles;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/** Work that the threads of a running session share. */
final class ParallelParts {
  private static final Map<Long, ParallelParts> RUNNING = new ConcurrentHashMap<>();
  private static final AtomicLong NUMBERS = new AtomicLong();

  /** {@code void (void* user_data, size_t index)}. */
  private static final long CALLBACK =
      Foreign.callback(
          MethodHandles.lookup(), "part", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));

  private final IntConsumer part;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private ParallelParts(IntConsumer part) {
    this.part = part;
  }

  /**
   * Has the threads of the run in {@code context} call {@code part} with 0 to parts - 1. What the
   * first failing part threw is thrown when all have ended.
   */
  static void run(long context, int parts, IntConsumer part) {
    ParallelParts work = new ParallelParts(part);
    long number = NUMBERS.incrementAndGet();
    RUNNING.put(number, work);
    try {
      Ort.call(OrtApi.KERNEL_CONTEXT_PARALLEL_FOR, context, CALLBACK, (long) parts, 0L, number);
    } finally {
      RUNNING.remove(number);
    }
    Throwable thrown = work.failure.get();
    if (thrown != null) {
      throw Ort.thrown(thrown);
    }
  }

  private static void part(long number, long index) {
    ParallelParts work = RUNNING.get(number);
    try {
      work.part.accept((int) index);
    } catch (Throwable e) {
      work.failure.compareAndSet(null, e);
    }
  }
}
