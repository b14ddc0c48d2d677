package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;

/**
 * The derivative of SwiGLU's product (Shazeer 2020), z = y u with y = x s and s = sigmoid(x): dx =
 * g u (s + y (1 - s)) and du = g y. The product x s is made again, so that it need not be kept.
 * Inputs: g = d(loss)/dz, x, s and u, of one shape. Outputs: d(loss)/dx and d(loss)/du.
 */
final class GatedSiluGradient {
  static final Kernel KERNEL =
      Kernel.ofFloats("GatedSiluGradient", 4, 4, 2, GatedSiluGradient::compute);

  private GatedSiluGradient() {}

  private static void compute(KernelCall call) {
    Tensors tensors =
        new Tensors(
            call.input(0),
            call.input(1),
            call.input(2),
            call.input(3),
            call.outputLike(0, 1),
            call.outputLike(1, 3));
    Strips.forAll(call, tensors.upstream.byteSize() / Float.BYTES, () -> new Work(tensors));
  }

  private record Tensors(
      MemorySegment upstream,
      MemorySegment gate,
      MemorySegment sigmoid,
      MemorySegment up,
      MemorySegment gateGradient,
      MemorySegment upGradient) {}

  private static final class Work implements Strips.Work {
    private final Tensors tensors;
    private final float[] g = new float[Strips.LENGTH];
    private final float[] x = new float[Strips.LENGTH];
    private final float[] s = new float[Strips.LENGTH];
    private final float[] u = new float[Strips.LENGTH];

    Work(Tensors tensors) {
      this.tensors = tensors;
    }

    @Override
    public void strip(long offset, int count) {
      Strips.load(tensors.upstream, offset, g, count);
      Strips.load(tensors.gate, offset, x, count);
      Strips.load(tensors.sigmoid, offset, s, count);
      Strips.load(tensors.up, offset, u, count);
      gradients(g, x, s, u, count);
      Strips.store(u, count, tensors.gateGradient, offset);
      Strips.store(x, count, tensors.upGradient, offset);
    }
  }

  /** Puts d(loss)/dx into {@code u} and d(loss)/du into {@code x}. */
  private static void gradients(float[] g, float[] x, float[] s, float[] u, int count) {
    for (int i = 0; i < count; i++) {
      float y = x[i] * s[i];
      float slope = s[i] + y * (1 - s[i]);
      u[i] = g[i] * u[i] * slope;
      x[i] = g[i] * y;
    }
  }
}
