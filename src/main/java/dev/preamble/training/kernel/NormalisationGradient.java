package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The derivative of a layer normalisation, y = n w + b with n = (x - m) r, m the mean of x over the
 * last dimension and r the inverse of its deviation (Ba et al. 2016): with h = g w, dx = r (h -
 * mean(h) - n mean(h n)).
 *
 * <p>Inputs: g = d(loss)/dy and x [..., H], w [H], r and m [..., 1], then what may be left out: two
 * more terms of g; two terms of what flows to x on other ways. All these are of x's shape. Output:
 * d(loss)/dx, what flows on other ways counted.
 */
final class NormalisationGradient {
  private static final int MORE = 5;
  private static final int OTHER_WAYS = 7;
  private static final int INPUTS = 9;

  static final Kernel KERNEL =
      Kernel.ofFloats("NormalisationGradient", INPUTS, MORE, 1, NormalisationGradient::compute);

  private NormalisationGradient() {}

  private static void compute(KernelCall call) {
    List<MemorySegment> upstream = new ArrayList<>();
    upstream.add(call.input(0));
    addGiven(call, MORE, OTHER_WAYS, upstream);
    List<MemorySegment> otherWays = new ArrayList<>();
    addGiven(call, OTHER_WAYS, INPUTS, otherWays);
    Tensors tensors =
        new Tensors(
            upstream,
            call.input(1),
            call.input(2),
            call.input(3),
            call.input(4),
            otherWays,
            call.outputLike(0, 0));
    long width = Strips.elements(tensors.gain);
    long rows = Strips.elements(tensors.inverse);
    Strips.forRows(call, rows, width, () -> new Work(tensors, Math.toIntExact(width)));
  }

  private static void addGiven(KernelCall call, int from, int to, List<MemorySegment> given) {
    for (int i = from; i < to; i++) {
      call.optional(i).ifPresent(given::add);
    }
  }

  private record Tensors(
      List<MemorySegment> upstream,
      MemorySegment x,
      MemorySegment gain,
      MemorySegment inverse,
      MemorySegment mean,
      List<MemorySegment> otherWays,
      MemorySegment result) {}

  private static final class Work implements LongConsumer {
    private final Tensors tensors;
    private final int width;
    private final float[] gain;
    private final float[] h;
    private final float[] n;
    private final float[] spare;
    private final float[] term;

    Work(Tensors tensors, int width) {
      this.tensors = tensors;
      this.width = width;
      gain = new float[width];
      h = new float[width];
      n = new float[width];
      spare = new float[width];
      term = new float[width];
      Strips.load(tensors.gain, 0, gain, width);
    }

    @Override
    public void accept(long row) {
      long offset = row * width;
      float mean = Strips.element(tensors.mean, row);
      float inverse = Strips.element(tensors.inverse, row);
      sum(tensors.upstream, offset, h);
      Strips.load(tensors.x, offset, n, width);
      normalise(n, mean, inverse, h, gain, spare, width);
      float along = Sums.of(spare, 0, width) / width;
      float meanOfH = Sums.of(h, 0, width) / width;
      sum(tensors.otherWays, offset, spare);
      slope(h, n, meanOfH, along, inverse, spare, width);
      Strips.store(h, width, tensors.result, offset);
    }

    /** Puts the sum of {@code terms}, from {@code offset} on, into {@code sum}. */
    private void sum(List<MemorySegment> terms, long offset, float[] sum) {
      if (terms.isEmpty()) {
        Arrays.fill(sum, 0);
        return;
      }
      Strips.load(terms.getFirst(), offset, sum, width);
      for (int i = 1; i < terms.size(); i++) {
        Strips.load(terms.get(i), offset, term, width);
        Sums.add(sum, term, width);
      }
    }
  }

  /** Makes n of x, h of g, and the products of both. */
  private static void normalise(
      float[] x, float mean, float inverse, float[] g, float[] gain, float[] products, int count) {
    for (int i = 0; i < count; i++) {
      float n = (x[i] - mean) * inverse;
      float h = g[i] * gain[i];
      x[i] = n;
      g[i] = h;
      products[i] = h * n;
    }
  }

  private static void slope(
      float[] h, float[] n, float mean, float along, float inverse, float[] more, int count) {
    for (int i = 0; i < count; i++) {
      h[i] = ((h[i] - mean) - n[i] * along) * inverse + more[i];
    }
  }
}
