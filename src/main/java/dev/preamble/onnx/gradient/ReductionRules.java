package dev.preamble.onnx.gradient;

import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;

/** Derivatives of reductions; y is the output, g d(loss)/dy. */
final class ReductionRules {
  private ReductionRules() {}

  /** Every summand gets the sum's gradient. */
  static void sum(Node node, Value g, Backward backward) {
    backward.give(node, 0, spread(node, g, backward));
  }

  /** As a sum, divided by the number of elements that it took. */
  static void mean(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    Value count = ops.real(1, x.type());
    for (long axis : axes(node, backward)) {
      int place = Math.toIntExact(axis < 0 ? axis + x.shape().rank() : axis);
      Value size =
          x.shape().at(place).isFixed()
              ? ops.real(x.shape().at(place).size(), x.type())
              : ops.cast(ops.sizes(x, place, place + 1), x.type());
      count = ops.mul(count, size);
    }
    backward.give(node, 0, ops.div(spread(node, g, backward), count));
  }

  /** dx = y (g - sum(g y)) over the last dimension. */
  static void softmax(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value y = lastDimension(node, backward);
    Value weighted = ops.sum(ops.mul(g, y), -1);
    backward.give(node, 0, ops.mul(y, ops.sub(g, weighted)));
  }

  /** dx = g - e^y sum(g) over the last dimension. */
  static void logSoftmax(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value y = lastDimension(node, backward);
    backward.give(node, 0, ops.sub(g, ops.mul(ops.unary("Exp", y), ops.sum(g, -1))));
  }

  private static Value lastDimension(Node node, Backward backward) {
    Value y = backward.output(node, 0);
    long axis = node.integer("axis", -1);
    if (axis != -1 && axis != y.shape().rank() - 1) {
      throw new GraphException("Node " + node + ": softmax has a gradient over the last dimension");
    }
    return y;
  }

  private static Value spread(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    Value kept = g;
    if (node.integer("keepdims", 1) == 0 && node.has(1)) {
      long[] axes = axes(node, backward);
      for (int i = 0; i < axes.length; i++) {
        axes[i] = axes[i] < 0 ? axes[i] + x.shape().rank() : axes[i];
      }
      kept = ops.unsqueeze(g, java.util.Arrays.stream(axes).sorted().toArray());
    }
    return ops.expand(kept, x);
  }

  private static long[] axes(Node node, Backward backward) {
    if (node.has(1)) {
      return backward.constantLongs(node, 1);
    }
    int rank = backward.input(node, 0).shape().rank();
    return java.util.stream.LongStream.range(0, rank).toArray();
  }
}
