package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Value;

/**
 * A part of the forward graph that is differentiated as a whole, in closed form, instead of node by
 * node: everything between its inputs and {@link #output} is its own affair.
 */
public interface Composite {
  /** The value that the part gives. */
  Value output();

  /**
   * Adds to {@code backward} what flows from {@code upstream}, d(loss)/d(output), to the inputs.
   */
  void differentiate(Value upstream, Backward backward);
}
