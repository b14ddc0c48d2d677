package dev.preamble.onnx.gradient;

import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;

/** Each part of a Split gives its gradient back to where it was cut from. */
final class SplitRule implements GradientRule {
  @Override
  public void differentiate(Node node, Value upstream, Backward backward) {
    differentiate(node, 0, upstream, backward);
  }

  @Override
  public void differentiate(Node node, int output, Value upstream, Backward backward) {
    int axis = MovementRules.axis(node, backward.input(node, 0));
    long from = 0;
    for (int part = 0; part < output; part++) {
      from += size(node, part, axis, backward);
    }
    long to = from + size(node, output, axis, backward);
    backward.givePart(node, 0, axis, from, to, upstream);
  }

  private static long size(Node node, int part, int axis, Backward backward) {
    Shape.Dimension size = backward.output(node, part).shape().at(axis);
    if (!size.isFixed()) {
      throw new GraphException(
          "Node %s: a split has a gradient for parts of known size, found %s"
              .formatted(node, size));
    }
    return size.size();
  }
}
