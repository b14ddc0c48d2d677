package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The derivative of GELU by tanh (Hendrycks and Gimpel 2016), y = x/2 (1 + t) with t = tanh(u) and
 * u = c (x + a x^3): dx = g/2 (1 + t + x (1 - t^2) c (1 + 3a x^2)). Inputs: g = d(loss)/dy and x,
 * of one shape, and numbers of x's last dimension that are added to it first, which may be left
 * out. Output: d(loss)/dx.
 */
final class TanhGeluGradient {
  private static final float SCALE = (float) Math.sqrt(2 / Math.PI);
  private static final float CUBE = 0.044715f;

  /** Beyond it the slope is 0 or 1 as far as float32 knows; here u is {@link Tanh#LIMIT}. */
  private static final float FAR = 4.839f;

  static final Kernel KERNEL =
      Kernel.ofFloats("TanhGeluGradient", 3, 2, 1, TanhGeluGradient::compute);

  private TanhGeluGradient() {}

  private static void compute(KernelCall call) {
    MemorySegment upstream = call.input(0);
    MemorySegment x = call.input(1);
    Optional<Bias> bias = call.optional(2).map(Bias::new);
    MemorySegment result = call.outputLike(0, 0);
    Strips.forAll(
        call, upstream.byteSize() / Float.BYTES, () -> new Work(upstream, x, bias, result));
  }

  private static final class Work implements Strips.Work {
    private final MemorySegment upstream;
    private final MemorySegment x;
    private final Optional<Bias> bias;
    private final MemorySegment result;
    private final float[] g = new float[Strips.LENGTH];
    private final float[] near = new float[Strips.LENGTH];
    private final float[] u = new float[Strips.LENGTH];
    private final float[] t = new float[Strips.LENGTH];
    private final float[] spare = new float[Strips.LENGTH];

    Work(MemorySegment upstream, MemorySegment x, Optional<Bias> bias, MemorySegment result) {
      this.upstream = upstream;
      this.x = x;
      this.bias = bias;
      this.result = result;
    }

    @Override
    public void strip(long offset, int count) {
      Strips.load(x, offset, near, count);
      Strips.load(upstream, offset, g, count);
      bias.ifPresent(each -> each.addTo(near, spare, offset, count));
      clamp(near, count);
      inner(near, u, count);
      Tanh.of(u, t, count);
      slope(near, t, g, count);
      Strips.store(g, count, result, offset);
    }
  }

  private static void clamp(float[] x, int count) {
    for (int i = 0; i < count; i++) {
      x[i] = Math.max(-FAR, Math.min(FAR, x[i]));
    }
  }

  private static void inner(float[] x, float[] u, int count) {
    for (int i = 0; i < count; i++) {
      u[i] = x[i] * (SCALE + SCALE * CUBE * x[i] * x[i]);
    }
  }

  private static void slope(float[] x, float[] t, float[] g, int count) {
    for (int i = 0; i < count; i++) {
      float rise = SCALE + 3 * SCALE * CUBE * x[i] * x[i];
      g[i] = g[i] * (0.5f + 0.5f * (t[i] + x[i] * (1 - t[i] * t[i]) * rise));
    }
  }
}
