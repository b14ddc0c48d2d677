package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Node;
import dev.preamble.onnx.Value;

/** The derivative of one operator. */
@FunctionalInterface
public interface GradientRule {
  /**
   * Adds to {@code backward} what flows to the inputs of {@code node}.
   *
   * @param node the operation, as it stands in the forward graph
   * @param upstream d(loss)/d(first output), of that output's shape
   * @param backward takes d(loss)/d(input) for every input that wants one
   */
  void differentiate(Node node, Value upstream, Backward backward);
}
