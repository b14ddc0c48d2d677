package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/**
 * The derivative of y = Gather(x) along an axis of N elements: every slice of d(loss)/dy is added
 * to the place that it came from.
 *
 * <p>Inputs: indices int64 [n], negative ones counted from the end; the sizes of x from the axis
 * on, int64 [1 + dimensions behind the axis], N first; g = d(loss)/dy [..., n, ...]. Output:
 * d(loss)/dx [..., N, ...].
 */
final class GatherGradient {
  private static final int UPSTREAM = 2;
  private static final int NONE = -1;

  static final Kernel KERNEL =
      new Kernel(
          "GatherGradient",
          List.of(ElementType.INT64, ElementType.INT64, ElementType.FLOAT32),
          3,
          1,
          GatherGradient::compute);

  private GatherGradient() {}

  private static void compute(KernelCall call) {
    long[] indices = call.input(0).toArray(JAVA_LONG);
    long[] sizes = call.input(1).toArray(JAVA_LONG);
    long[] shape = call.shape(UPSTREAM);
    MemorySegment upstream = call.input(UPSTREAM);
    int axis = shape.length - sizes.length;
    System.arraycopy(sizes, 0, shape, axis, sizes.length);
    MemorySegment result = call.output(0, shape);
    int width = Math.toIntExact(product(shape, axis + 1, shape.length));
    Places places = Places.of(indices, Math.toIntExact(sizes[0]));
    Strips.forRows(
        call, product(shape, 0, axis + 1), width, () -> new Work(upstream, places, result, width));
  }

  private static long product(long[] sizes, int from, int to) {
    return LongStream.of(sizes).skip(from).limit(to - from).reduce(1, Math::multiplyExact);
  }

  /**
   * What was gathered from each place.
   *
   * @param first [N]: the first slice that came from each; {@link #NONE} where there is none
   * @param next [n]: the next slice from the same place
   */
  private record Places(int[] first, int[] next) {
    static Places of(long[] indices, int size) {
      int[] first = new int[size];
      int[] next = new int[indices.length];
      Arrays.fill(first, NONE);
      for (int i = indices.length - 1; i >= 0; i--) {
        long place = indices[i] < 0 ? indices[i] + size : indices[i];
        if (place < 0 || place >= size) {
          throw new IndexOutOfBoundsException(
              "index %d: expected one of %d elements, found %d".formatted(i, size, indices[i]));
        }
        next[i] = first[(int) place];
        first[(int) place] = i;
      }
      return new Places(first, next);
    }
  }

  private static final class Work implements LongConsumer {
    private final MemorySegment upstream;
    private final Places places;
    private final MemorySegment result;
    private final int width;
    private final float[] sum;
    private final float[] term;

    Work(MemorySegment upstream, Places places, MemorySegment result, int width) {
      this.upstream = upstream;
      this.places = places;
      this.result = result;
      this.width = width;
      sum = new float[width];
      term = new float[width];
    }

    @Override
    public void accept(long row) {
      int size = places.first.length;
      long before = row / size * places.next.length;
      int slice = places.first[(int) (row % size)];
      if (slice == NONE) {
        Arrays.fill(sum, 0);
      } else {
        Strips.load(upstream, (before + slice) * width, sum, width);
        for (int more = places.next[slice]; more != NONE; more = places.next[more]) {
          Strips.load(upstream, (before + more) * width, term, width);
          Sums.add(sum, term, width);
        }
      }
      Strips.store(sum, width, result, row * width);
    }
  }
}
