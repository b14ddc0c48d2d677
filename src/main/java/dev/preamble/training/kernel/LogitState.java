package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/**
 * What is known of one row's softmax after some blocks of its logits.
 *
 * @param shift m, a number near the highest logit so far, the label's left out
 * @param others sum of exp(z_j - m) over all j but the label
 * @param label the label's logit, no number before its block
 * @param factor by which exponentials of the blocks before are now to be multiplied, for m has
 *     changed with this block
 */
record LogitState(float shift, float others, float label, float factor) {
  /** Numbers of a state in a tensor. */
  static final int SIZE = 4;

  private static final int SHIFT = 0;
  private static final int OTHERS = 1;
  private static final int LABEL = 2;
  private static final int FACTOR = 3;

  static LogitState read(MemorySegment states, long row) {
    return new LogitState(
        states.getAtIndex(JAVA_FLOAT, SIZE * row + SHIFT),
        states.getAtIndex(JAVA_FLOAT, SIZE * row + OTHERS),
        states.getAtIndex(JAVA_FLOAT, SIZE * row + LABEL),
        states.getAtIndex(JAVA_FLOAT, SIZE * row + FACTOR));
  }

  void write(MemorySegment states, long row) {
    states.setAtIndex(JAVA_FLOAT, SIZE * row + SHIFT, shift);
    states.setAtIndex(JAVA_FLOAT, SIZE * row + OTHERS, others);
    states.setAtIndex(JAVA_FLOAT, SIZE * row + LABEL, label);
    states.setAtIndex(JAVA_FLOAT, SIZE * row + FACTOR, factor);
  }
}
