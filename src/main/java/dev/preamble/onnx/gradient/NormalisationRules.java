package dev.preamble.onnx.gradient;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Derivatives of the fused operators that a transformer's layers are made of. */
final class NormalisationRules {
  /** How many terms the kernel adds to its first one, and how many to its result. */
  private static final int MORE_TERMS = 2;

  private NormalisationRules() {}

  /**
   * y = x r w with r = 1/sqrt(mean(x^2) + epsilon): with h = g w, dx = r h - x r^3 mean(h x). The
   * forward node is asked for r, its second output. Half-precision values are widened on the way.
   * The stock operators take no longer than a kernel here, and need no warming up.
   */
  static void rootMeanSquare(Node node, Value g, Backward backward) {
    backward.requireFrozen(node, 1);
    Ops ops = backward.ops();
    Value x = ops.cast(backward.input(node, 0), DataType.FLOAT);
    requireLastAxis(node, x);
    Value r = backward.ask(node, "inverseRms").getFirst();
    Value h = ops.mul(ops.cast(g, DataType.FLOAT), gain(node, backward));
    Value mean = ops.mean(ops.mul(h, x), -1);
    Value pull = ops.mul(mean, ops.mul(r, ops.mul(r, r)));
    Value dx = ops.sub(ops.mul(h, r), ops.mul(x, pull));
    backward.give(node, 0, ops.cast(dx, g.type()));
  }

  /**
   * y = n w + b with n = (x - mean(x)) r and r = 1/sqrt(variance(x) + epsilon): with h = g w, dx =
   * r (h - mean(h) - n mean(h n)) (Ba et al. 2016). The forward node is asked for mean and r, its
   * second and third output. Half-precision values are widened on the way.
   */
  static void layer(Node node, Value g, Backward backward) {
    backward.requireFrozen(node, 1);
    backward.requireFrozen(node, 2);
    Ops ops = backward.ops();
    Value x = ops.cast(backward.input(node, 0), DataType.FLOAT);
    requireLastAxis(node, x);
    List<Value> meanAndInverse = backward.ask(node, "mean", "inverseDeviation");
    Value mean = meanAndInverse.get(0);
    Value r = meanAndInverse.get(1);
    if (hasKernel(node, g, backward)) {
      backward.give(node, 0, kernel(node, g, r, mean, backward));
      return;
    }
    Value n = ops.mul(ops.sub(x, mean), r);
    Value h = ops.mul(ops.cast(g, DataType.FLOAT), gain(node, backward));
    Value along = ops.mul(n, ops.mean(ops.mul(h, n), -1));
    Value dx = ops.mul(ops.sub(ops.sub(h, ops.mean(h, -1)), along), r);
    backward.give(node, 0, ops.cast(dx, g.type()));
  }

  /** The kernel takes float32 and a gain for each element of the last dimension. */
  private static boolean hasKernel(Node node, Value g, Backward backward) {
    Value x = backward.input(node, 0);
    Value gain = backward.input(node, 1);
    return backward.ops().hasKernelsFor(x, gain, g)
        && gain.shape().equals(Shape.of(x.shape().at(-1)));
  }

  /**
   * What flows to the input of {@code node}, with what has flowed there before: the kernel adds up
   * both that and the terms of g itself.
   */
  private static Value kernel(Node node, Value g, Value r, Value mean, Backward backward) {
    List<Value> terms = backward.terms(node, 0);
    boolean fit =
        terms.size() <= 1 + MORE_TERMS
            && terms.stream().allMatch(term -> term.shape().equals(g.shape()));
    List<Value> upstream = fit ? terms : List.of(g);
    List<Value> inputs = new ArrayList<>();
    inputs.add(upstream.getFirst());
    inputs.add(backward.input(node, 0));
    inputs.add(backward.input(node, 1));
    inputs.add(r);
    inputs.add(mean);
    inputs.addAll(upstream.subList(1, upstream.size()));
    inputs.addAll(Collections.nCopies(1 + MORE_TERMS - upstream.size(), Ops.LEFT_OUT));
    inputs.addAll(backward.take(node, 0, g.shape(), MORE_TERMS));
    return backward.ops().kernel("NormalisationGradient", g.shape(), inputs.toArray(Value[]::new));
  }

  private static Value gain(Node node, Backward backward) {
    return backward.ops().cast(backward.input(node, 1), DataType.FLOAT);
  }

  /** Refuses norms over more than the last dimension. */
  private static void requireLastAxis(Node node, Value x) {
    long axis = node.integer("axis", -1);
    if (axis != -1 && axis != x.shape().rank() - 1) {
      throw new GraphException(
          "Node %s: normalisation has a gradient over the last dimension, found axis %d"
              .formatted(node, axis));
    }
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
