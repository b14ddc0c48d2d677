package dev.preamble.onnx.gradient;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.Map;

/** Derivatives of operators that move elements: the gradient moves back. */
final class MovementRules {
  private MovementRules() {}

  /** Whatever the new shape was, the gradient takes the old one. */
  static void reshape(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Shape shape = backward.input(node, 0).shape();
    if (shape.symbols() <= 1) {
      long[] target = shape.dimensions().stream().mapToLong(Shape.Dimension::size).toArray();
      backward.give(node, 0, ops.reshape(g, shape, target));
    } else {
      Value target = ops.sizes(backward.input(node, 0), 0, shape.rank());
      backward.give(node, 0, ops.reshape(g, shape, target));
    }
  }

  /** The inverse permutation. */
  static void transpose(Node node, Value g, Backward backward) {
    int rank = g.shape().rank();
    int[] inverse = new int[rank];
    for (int axis = 0; axis < rank; axis++) {
      int source =
          node.integers("perm").isEmpty()
              ? rank - 1 - axis
              : Math.toIntExact(node.integers("perm").get(axis));
      inverse[source] = axis;
    }
    backward.give(node, 0, backward.ops().transpose(g, inverse));
  }

  /** Each part gets its own stretch of the gradient. */
  static void concat(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    int axis = axis(node, g);
    Value from = ops.longs(0);
    for (int i = 0; i < node.inputs().size(); i++) {
      Value part = backward.input(node, i);
      Shape.Dimension size = part.shape().at(axis);
      Value length = size.isFixed() ? ops.longs(size.size()) : ops.sizes(part, axis, axis + 1);
      Value to = ops.add(from, length);
      if (backward.wants(node, i)) {
        backward.give(node, i, ops.slice(g, axis, from, to, size));
      }
      from = to;
    }
  }

  /** The gradient of a slice along one axis of known size is zero around it. */
  static void slice(Node node, Value g, Backward backward) {
    long[] starts = backward.constantLongs(node, 1);
    long[] ends = backward.constantLongs(node, 2);
    long[] axes = node.has(3) ? backward.constantLongs(node, 3) : new long[] {0};
    long step = node.has(4) ? backward.constantLongs(node, 4)[0] : 1;
    Shape shape = backward.input(node, 0).shape();
    int axis = Math.toIntExact(axes[0] < 0 ? axes[0] + shape.rank() : axes[0]);
    if (axes.length != 1 || step != 1 || !shape.at(axis).isFixed()) {
      throw new GraphException(
          "Node %s: slices have a gradient along one axis of known size, with step 1"
              .formatted(node));
    }
    long size = shape.at(axis).size();
    backward.givePart(node, 0, axis, bounded(starts[0], size), bounded(ends[0], size), g);
  }

  /** Every gathered slice is added to the place it came from. */
  static void gather(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value data = backward.input(node, 0);
    Value indices = backward.input(node, 1);
    int axis = axis(node, data);
    if (indices.shape().rank() != 1) {
      throw new GraphException(
          "Node %s: gathering has a gradient for a vector of indices, found %s"
              .formatted(node, indices.shape()));
    }
    if (ops.hasKernelsFor(g) && indices.type() == DataType.INT64) {
      Value sizes = ops.sizes(data, axis, data.shape().rank());
      backward.give(node, 0, ops.kernel("GatherGradient", data.shape(), indices, sizes, g));
      return;
    }
    long[] others =
        java.util.stream.LongStream.range(0, data.shape().rank())
            .filter(each -> each != axis)
            .toArray();
    Value column = ops.unsqueeze(indices, others);
    backward.give(node, 0, ops.scatterSum(data, axis, ops.expand(column, g), g));
  }

  /** Every gathered element is added to the place it came from. */
  static void gatherElements(Node node, Value g, Backward backward) {
    Value data = backward.input(node, 0);
    Value indices = backward.input(node, 1);
    backward.give(node, 0, backward.ops().scatterSum(data, axis(node, data), indices, g));
  }

  /** GatherND of one index a slice behind its batch dimensions, which are d: rows of axis d. */
  static void gatherRows(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value data = backward.input(node, 0);
    Value indices = backward.input(node, 1);
    int axis = Math.toIntExact(node.integer("batch_dims", 0));
    if (indices.shape().rank() != axis + 2 || !indices.shape().at(-1).isOne()) {
      throw new GraphException(
          "Node %s: gathering has a gradient for one index a slice, found indices %s"
              .formatted(node, indices.shape()));
    }
    long[] behind =
        java.util.stream.LongStream.range(indices.shape().rank(), data.shape().rank()).toArray();
    Value column = behind.length == 0 ? indices : ops.unsqueeze(indices, behind);
    if (data.shape().rank() == axis + 1) {
      column = ops.emit("", "Squeeze", indices.type(), g.shape(), Map.of(), indices, ops.longs(-1));
    }
    backward.give(node, 0, ops.scatterSum(data, axis, ops.expand(column, g), g));
  }

  /** The node's axis, 0 by default, counted from the first dimension of {@code value}. */
  static int axis(Node node, Value value) {
    long axis = node.integer("axis", 0);
    return Math.toIntExact(axis < 0 ? axis + value.shape().rank() : axis);
  }

  private static long bounded(long index, long size) {
    return Math.clamp(index < 0 ? index + size : index, 0, size);
  }
}
