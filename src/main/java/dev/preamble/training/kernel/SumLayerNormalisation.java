package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A sum x of two to four terms and its normalisation over the last dimension, y = (x - m) r w + b
 * with m the mean of x and r = 1/sqrt(variance(x) + epsilon) (Ba et al. 2016).
 *
 * <p>Inputs: a term [..., H], another, w [H], epsilon [], then what may be left out: b [H] and two
 * more terms. Terms behind the first are of its shape or [H]. Outputs: x and y [..., H], r and m
 * [..., 1].
 */
final class SumLayerNormalisation {
  private static final int SHIFT = 4;
  private static final int MORE = 5;
  private static final int INPUTS = 7;

  static final Kernel KERNEL =
      Kernel.ofFloats("SumLayerNormalisation", INPUTS, SHIFT, 4, SumLayerNormalisation::compute);

  private SumLayerNormalisation() {}

  private static void compute(KernelCall call) {
    List<MemorySegment> terms = new ArrayList<>();
    terms.add(call.input(1));
    for (int i = MORE; i < INPUTS; i++) {
      call.optional(i).ifPresent(terms::add);
    }
    long[] shape = call.shape(0);
    long[] perRow = shape.clone();
    perRow[shape.length - 1] = 1;
    MemorySegment gain = call.input(2);
    Tensors tensors =
        new Tensors(
            call.input(0),
            terms,
            gain,
            call.optional(SHIFT),
            Strips.element(call.input(3), 0),
            call.output(0, shape),
            call.output(1, shape),
            call.output(2, perRow),
            call.output(3, perRow));
    long width = Strips.elements(gain);
    long rows = Strips.elements(tensors.inverses);
    Strips.forRows(call, rows, width, () -> new Work(tensors, Math.toIntExact(width)));
  }

  private record Tensors(
      MemorySegment first,
      List<MemorySegment> more,
      MemorySegment gain,
      Optional<MemorySegment> shift,
      float epsilon,
      MemorySegment sum,
      MemorySegment normal,
      MemorySegment inverses,
      MemorySegment means) {}

  private static final class Work implements LongConsumer {
    private final Tensors tensors;
    private final int width;
    private final float[] gain;
    private final float[] shift;
    private final float[] x;
    private final float[] spare;

    Work(Tensors tensors, int width) {
      this.tensors = tensors;
      this.width = width;
      gain = new float[width];
      shift = new float[width];
      x = new float[width];
      spare = new float[width];
      Strips.load(tensors.gain, 0, gain, width);
      tensors.shift.ifPresent(given -> Strips.load(given, 0, shift, width));
    }

    @Override
    public void accept(long row) {
      long offset = row * width;
      Strips.load(tensors.first, offset, x, width);
      for (int i = 0; i < tensors.more.size(); i++) {
        MemorySegment term = tensors.more.get(i);
        Strips.load(term, Strips.elements(term) == width ? 0 : offset, spare, width);
        Sums.add(x, spare, width);
      }
      Strips.store(x, width, tensors.sum, offset);
      float mean = Sums.of(x, 0, width) / width;
      Strips.put(mean, tensors.means, row);
      squares(x, mean, spare, width);
      float inverse = (float) (1 / Math.sqrt(Sums.of(spare, 0, width) / width + tensors.epsilon));
      Strips.put(inverse, tensors.inverses, row);
      scale(x, inverse, gain, shift, width);
      Strips.store(x, width, tensors.normal, offset);
    }
  }

  /** Makes x - mean of x, and the squares of that. */
  private static void squares(float[] x, float mean, float[] squares, int count) {
    for (int i = 0; i < count; i++) {
      float off = x[i] - mean;
      x[i] = off;
      squares[i] = off * off;
    }
  }

  private static void scale(float[] x, float inverse, float[] gain, float[] shift, int count) {
    for (int i = 0; i < count; i++) {
      x[i] = x[i] * inverse * gain[i] + shift[i];
    }
  }
}
