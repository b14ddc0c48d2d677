package dev.preamble.onnx.gradient;

import dev.preamble.onnx.GraphException;
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

  /**
   * As above for output {@code output} of several. Only operators that say so have a derivative
   * through others than the first.
   */
  default void differentiate(Node node, int output, Value upstream, Backward backward) {
    if (output != 0) {
      throw new GraphException(
          "Node %s: gradients flow through first outputs only, not through output %s"
              .formatted(node, node.output(output)));
    }
    differentiate(node, upstream, backward);
  }
}
