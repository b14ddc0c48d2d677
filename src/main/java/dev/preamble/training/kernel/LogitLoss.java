package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;

/**
 * The weighted cross-entropy of each row from its state after all blocks: with S = others +
 * exp(label - m), the loss is w (log S + m - label), d(loss)/dz_j is exp(z_j - m) w / S, and that
 * of the label -w others / S.
 *
 * <p>Inputs: the {@link LogitState} [n, 4]; weights w [n]. Outputs: the losses [n]; w / S and -w
 * others / S, [n, 2].
 */
final class LogitLoss {
  static final Kernel KERNEL = Kernel.ofFloats("LogitLoss", 2, 2, 2, LogitLoss::compute);

  private LogitLoss() {}

  private static void compute(KernelCall call) {
    long rows = call.shape(1)[0];
    MemorySegment states = call.input(0);
    MemorySegment weights = call.input(1);
    MemorySegment losses = call.output(0, rows);
    MemorySegment slopes = call.output(1, rows, 2);
    for (long row = 0; row < rows; row++) {
      LogitState state = LogitState.read(states, row);
      double weight = weights.getAtIndex(JAVA_FLOAT, row);
      double above = (double) state.label() - state.shift();
      // The greater of exp(label - m) and exp(0) is taken out of the sum, so that none overflows.
      double unit = Math.exp(-Math.max(above, 0));
      double others = state.others() * unit;
      double all = others + Math.exp(Math.min(above, 0));
      losses.setAtIndex(
          JAVA_FLOAT, row, (float) (weight * (logarithm(others, all, above) - Math.min(above, 0))));
      slopes.setAtIndex(JAVA_FLOAT, 2 * row, (float) (weight * unit / all));
      slopes.setAtIndex(JAVA_FLOAT, 2 * row + 1, (float) (-weight * others / all));
    }
  }

  /** log all, exact also for a label that is all but certain. */
  private static double logarithm(double others, double all, double above) {
    return above > 0 ? Math.log1p(others) : Math.log(all);
  }
}
