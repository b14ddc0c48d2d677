package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/** Tensors gone through in strips that fit the first cache, by all of a session's threads. */
final class Strips {
  /** Elements of the longest strip. */
  static final int LENGTH = 1024;

  /** Elements that are worth another thread's waking. */
  private static final long WORTH = 16_384;

  /**
   * Parts enough that a thread that was held up does not hold up the others; each has its own
   * arrays.
   */
  private static final int MOST_PARTS = 4 * Runtime.getRuntime().availableProcessors();

  private Strips() {}

  /** What is done with one strip; each has arrays of its own and is used by one thread. */
  @FunctionalInterface
  interface Work {
    /**
     * @param offset of the strip's first element in its tensor
     * @param count elements
     */
    void strip(long offset, int count);
  }

  /** Goes through {@code elements} in strips, with a {@code work} for each part of them. */
  static void forAll(KernelCall call, long elements, Supplier<Work> work) {
    forParts(
        call,
        elements,
        1,
        (from, to) -> {
          Work strips = work.get();
          for (long at = from; at < to; at += LENGTH) {
            strips.strip(at, (int) Math.min(LENGTH, to - at));
          }
        });
  }

  /**
   * Goes through {@code rows} of {@code width} elements, with a {@code work} for each part of them,
   * which is given one row's number after the other.
   */
  static void forRows(KernelCall call, long rows, long width, Supplier<LongConsumer> work) {
    forParts(
        call,
        rows,
        width,
        (from, to) -> {
          LongConsumer row = work.get();
          for (long at = from; at < to; at++) {
            row.accept(at);
          }
        });
  }

  /** What is done with rows {@code from} to {@code to}, exclusive. */
  private interface Part {
    void run(long from, long to);
  }

  private static void forParts(KernelCall call, long rows, long width, Part work) {
    int parts = Math.clamp(rows * width / WORTH, 1, Math.clamp(rows, 1, MOST_PARTS));
    call.inParallel(parts, part -> work.run(rows * part / parts, rows * (part + 1) / parts));
  }

  /** How many elements {@code tensor} has. */
  static long elements(MemorySegment tensor) {
    return tensor.byteSize() / Float.BYTES;
  }

  /** The element at {@code offset}. */
  static float element(MemorySegment tensor, long offset) {
    return tensor.getAtIndex(JAVA_FLOAT, offset);
  }

  /** Puts {@code value} at {@code offset}. */
  static void put(float value, MemorySegment tensor, long offset) {
    tensor.setAtIndex(JAVA_FLOAT, offset, value);
  }

  /** Copies {@code count} elements from {@code offset} on to the beginning of {@code strip}. */
  static void load(MemorySegment tensor, long offset, float[] strip, int count) {
    MemorySegment.copy(tensor, JAVA_FLOAT, offset * Float.BYTES, strip, 0, count);
  }

  /** Copies the first {@code count} elements of {@code strip} to {@code offset}. */
  static void store(float[] strip, int count, MemorySegment tensor, long offset) {
    MemorySegment.copy(strip, 0, tensor, JAVA_FLOAT, offset * Float.BYTES, count);
  }
}
