package dev.preamble.onnx.gradient;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.List;

/** Derivatives of the fused operators that a transformer's layers are made of. */
final class NormalisationRules {
  private NormalisationRules() {}

  /**
   * y = x r w with r = 1/sqrt(mean(x^2) + epsilon): with h = g w, dx = r h - x r^3 mean(h x). The
   * forward node is asked for r, its second output.
   */
  static void rootMeanSquare(Node node, Value g, Backward backward) {
    backward.requireFrozen(node, 1);
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    Shape perRow = x.shape().with(-1, Shape.Dimension.of(1));
    Value r = backward.define("inverseRms", DataType.FLOAT, perRow);
    backward.replace(
        node,
        new Node(
            node.domain(),
            node.op(),
            node.inputs(),
            List.of(node.output(0), r.name()),
            node.attributes()));
    Value h = ops.mul(g, backward.input(node, 1));
    Value mean = ops.mean(ops.mul(h, x), -1);
    Value pull = ops.mul(mean, ops.mul(r, ops.mul(r, r)));
    backward.give(node, 0, ops.sub(ops.mul(h, r), ops.mul(x, pull)));
  }

  /** A rotation's derivative is the rotation by the opposite angle: the sine changes its sign. */
  static void rotary(Node node, Value g, Backward backward) {
    backward.requireFrozen(node, 1);
    backward.requireFrozen(node, 2);
    Ops ops = backward.ops();
    List<Value> inputs = new ArrayList<>();
    inputs.add(g);
    inputs.add(backward.input(node, 1));
    inputs.add(ops.unary("Neg", backward.input(node, 2)));
    if (node.has(3)) {
      inputs.add(backward.input(node, 3));
    }
    backward.give(
        node,
        0,
        ops.emit(
            node.domain(),
            node.op(),
            g.type(),
            g.shape(),
            node.attributes(),
            inputs.toArray(Value[]::new)));
  }
}
