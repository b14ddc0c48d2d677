package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * The exponentials of the logits of some vocabulary entries, for a softmax that goes through the
 * vocabulary block by block (as in Wijmans and others, Cut Your Losses, 2024). That of each row's
 * label is left out: e_j = exp(z_j - m), 0 for the label.
 *
 * <p>Inputs: logits z [1, n, V]; labels int64 [n], counted from the block's first entry; the {@link
 * LogitState} [n, 4] after the block before, left out for the first. Outputs: e [1, n, V]; the
 * state after this block.
 */
final class LogitBlock {
  private static final int STATE = 2;

  static final Kernel KERNEL =
      new Kernel(
          "LogitBlock",
          List.of(ElementType.FLOAT32, ElementType.INT64, ElementType.FLOAT32),
          2,
          2,
          LogitBlock::compute);

  private LogitBlock() {}

  private static void compute(KernelCall call) {
    long[] shape = call.shape(0);
    long rows = shape[1];
    long width = shape[2];
    MemorySegment logits = call.input(0);
    MemorySegment labels = call.input(1);
    Optional<MemorySegment> before = call.optional(STATE);
    MemorySegment result = call.output(0, shape);
    MemorySegment after = call.output(1, rows, LogitState.SIZE);
    Strips.forRows(
        call,
        rows,
        width,
        () -> {
          LogitRow row = new LogitRow(logits, result, width);
          return index -> {
            row.raise(
                index,
                labels.getAtIndex(JAVA_LONG, index),
                before.map(state -> LogitState.read(state, index)));
            row.state().write(after, index);
          };
        });
  }
}
