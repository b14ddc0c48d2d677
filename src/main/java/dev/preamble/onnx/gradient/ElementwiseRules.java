package dev.preamble.onnx.gradient;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Derivatives of operators that work element by element; y is the output, g d(loss)/dy. */
final class ElementwiseRules {
  private ElementwiseRules() {}

  static void identity(Node node, Value g, Backward backward) {
    backward.give(node, 0, g);
  }

  static void add(Node node, Value g, Backward backward) {
    backward.give(node, 0, g);
    backward.give(node, 1, g);
  }

  static void sub(Node node, Value g, Backward backward) {
    backward.give(node, 0, g);
    if (backward.wants(node, 1)) {
      backward.give(node, 1, backward.ops().unary("Neg", g));
    }
  }

  /** d(ab) = b da + a db; {@link Silu} is differentiated as a whole, gated or not. */
  static void mul(Node node, Value g, Backward backward) {
    Optional<Silu> silu = Silu.of(node, backward);
    if (silu.isPresent()) {
      silu.get().differentiate(g, backward);
      return;
    }
    for (int gate = 0; gate < 2; gate++) {
      Optional<Silu> gated = Silu.operand(node, gate, backward);
      if (gated.isPresent()) {
        gated.get().differentiate(node, 1 - gate, g, backward);
        return;
      }
    }
    Ops ops = backward.ops();
    if (backward.wants(node, 0)) {
      backward.give(node, 0, ops.mul(g, backward.input(node, 1)));
    }
    if (backward.wants(node, 1)) {
      backward.give(node, 1, ops.mul(g, backward.input(node, 0)));
    }
  }

  /** d(a/b) = da/b - (y/b) db. */
  static void div(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value overB = ops.div(g, backward.input(node, 1));
    backward.give(node, 0, overB);
    if (backward.wants(node, 1)) {
      backward.give(node, 1, ops.unary("Neg", ops.mul(overB, backward.output(node, 0))));
    }
  }

  static void neg(Node node, Value g, Backward backward) {
    backward.give(node, 0, backward.ops().unary("Neg", g));
  }

  /** d(x^p) = p x^(p-1) dx for a constant exponent. */
  static void pow(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    float exponent = backward.constantFloat(node, 1);
    Value slope =
        exponent == 2
            ? ops.mul(x, ops.real(2, x.type()))
            : ops.mul(
                ops.emit(
                    "",
                    "Pow",
                    x.type(),
                    x.shape(),
                    java.util.Map.of(),
                    x,
                    ops.real(exponent - 1, x.type())),
                ops.real(exponent, x.type()));
    backward.give(node, 0, ops.mul(g, slope));
  }

  /** d(sqrt x) = dx / 2y. */
  static void sqrt(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value twice = ops.mul(backward.output(node, 0), ops.real(2, g.type()));
    backward.give(node, 0, ops.div(g, twice));
  }

  /** d(1/x) = -y^2 dx. */
  static void reciprocal(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value y = backward.output(node, 0);
    backward.give(node, 0, ops.unary("Neg", ops.mul(g, ops.mul(y, y))));
  }

  /** d(e^x) = y dx. */
  static void exp(Node node, Value g, Backward backward) {
    backward.give(node, 0, backward.ops().mul(g, backward.output(node, 0)));
  }

  /** d(tanh x) = (1 - y^2) dx. */
  static void tanh(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value y = backward.output(node, 0);
    backward.give(node, 0, ops.mul(g, ops.sub(ops.real(1, y.type()), ops.mul(y, y))));
  }

  /** d(sigmoid x) = y (1 - y) dx. */
  static void sigmoid(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value y = backward.output(node, 0);
    backward.give(node, 0, ops.mul(g, ops.mul(y, ops.sub(ops.real(1, y.type()), y))));
  }

  /** d(max(x, 0)) = dx where x is above 0. */
  static void relu(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    Value zero = ops.real(0, x.type());
    Value above = ops.emit("", "Greater", DataType.BOOL, x.shape(), java.util.Map.of(), x, zero);
    backward.give(node, 0, ops.where(above, g, zero));
  }

  /** d(log x) = dx / x. */
  static void log(Node node, Value g, Backward backward) {
    backward.give(node, 0, backward.ops().div(g, backward.input(node, 0)));
  }

  /** d|x| = sign(x) dx. */
  static void abs(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    backward.give(node, 0, ops.mul(g, ops.unary("Sign", backward.input(node, 0))));
  }

  /** d(erf x) = 2 / sqrt(pi) e^(-x^2) dx. */
  static void erf(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    Value bell = ops.unary("Exp", ops.unary("Neg", ops.mul(x, x)));
    Value slope = ops.mul(bell, ops.real((float) (2 / Math.sqrt(Math.PI)), x.type()));
    backward.give(node, 0, ops.mul(g, slope));
  }

  /** Between real types; what is rounded to whole numbers has no slope. */
  static void cast(Node node, Value g, Backward backward) {
    Value x = backward.input(node, 0);
    if (!x.type().isReal() || !backward.output(node, 0).type().isReal()) {
      throw new GraphException(
          "Node %s: a cast has a gradient between real types, found %s to %s"
              .formatted(node, x.type(), backward.output(node, 0).type()));
    }
    backward.give(node, 0, backward.ops().cast(g, x.type()));
  }

  /** dy = dx where x is within the bounds, which is where y = x. */
  static void clip(Node node, Value g, Backward backward) {
    backward.requireFrozen(node, 1);
    backward.requireFrozen(node, 2);
    Ops ops = backward.ops();
    Value within = ops.equal(backward.input(node, 0), backward.output(node, 0));
    backward.give(node, 0, ops.where(within, g, ops.real(0, g.type())));
  }

  /** The greatest or least operand gets the gradient; equal ones share it, as in PyTorch. */
  static void extremum(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value y = backward.output(node, 0);
    List<Value> chosen =
        IntStream.range(0, node.inputs().size())
            .mapToObj(i -> ops.cast(ops.equal(backward.input(node, i), y), y.type()))
            .toList();
    Value share = ops.div(g, chosen.stream().reduce(ops::add).orElseThrow());
    for (int i = 0; i < chosen.size(); i++) {
      if (backward.wants(node, i)) {
        backward.give(node, i, ops.mul(share, chosen.get(i)));
      }
    }
  }

  /** Each element's gradient goes to the operand that it was taken from. */
  static void where(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value condition = backward.input(node, 0);
    Value zero = ops.real(0, g.type());
    if (backward.wants(node, 1)) {
      backward.give(node, 1, ops.where(condition, g, zero));
    }
    if (backward.wants(node, 2)) {
      backward.give(node, 2, ops.where(condition, zero, g));
    }
  }

  /** A frozen model drops nothing out. */
  static void dropout(Node node, Value g, Backward backward) {
    if (node.has(2)) {
      throw new GraphException("Node " + node + ": dropout in training mode has no gradient");
    }
    backward.give(node, 0, g);
  }
}
