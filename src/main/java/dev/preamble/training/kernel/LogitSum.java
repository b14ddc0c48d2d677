package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;

/**
 * What the exponentials of blocks of logits, each multiplied by its block of weights, sum up to.
 * Inputs: the sum of the blocks before and the product of this one, [1, n, H]; the {@link
 * LogitState} [n, 4] after this one. Output: the sum with this block, relative to that state's
 * shift.
 */
final class LogitSum {
  static final Kernel KERNEL = Kernel.ofFloats("LogitSum", 3, 3, 1, LogitSum::compute);

  private LogitSum() {}

  private static void compute(KernelCall call) {
    long[] shape = call.shape(0);
    long rows = shape[1];
    long width = shape[2];
    MemorySegment before = call.input(0);
    MemorySegment product = call.input(1);
    MemorySegment states = call.input(2);
    MemorySegment result = call.output(0, shape);
    Strips.forRows(
        call,
        rows,
        width,
        () -> {
          float[] sum = new float[Strips.LENGTH];
          float[] term = new float[Strips.LENGTH];
          return row -> {
            float factor = LogitState.read(states, row).factor();
            for (long column = 0; column < width; column += Strips.LENGTH) {
              int count = (int) Math.min(Strips.LENGTH, width - column);
              Strips.load(before, row * width + column, sum, count);
              Strips.load(product, row * width + column, term, count);
              add(sum, factor, term, count);
              Strips.store(sum, count, result, row * width + column);
            }
          };
        });
  }

  private static void add(float[] sum, float factor, float[] term, int count) {
    for (int i = 0; i < count; i++) {
      sum[i] = sum[i] * factor + term[i];
    }
  }
}
