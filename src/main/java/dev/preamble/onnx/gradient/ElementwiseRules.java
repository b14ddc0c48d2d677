package dev.preamble.onnx.gradient;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;

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

  /** d(ab) = b da + a db; a square asks once. */
  static void mul(Node node, Value g, Backward backward) {
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
            ? ops.mul(x, ops.real(2))
            : ops.mul(
                ops.emit(
                    "", "Pow", x.type(), x.shape(), java.util.Map.of(), x, ops.real(exponent - 1)),
                ops.real(exponent));
    backward.give(node, 0, ops.mul(g, slope));
  }

  /** d(sqrt x) = dx / 2y. */
  static void sqrt(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value twice = ops.mul(backward.output(node, 0), ops.real(2));
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
    backward.give(node, 0, ops.mul(g, ops.sub(ops.real(1), ops.mul(y, y))));
  }

  /** d(sigmoid x) = y (1 - y) dx. */
  static void sigmoid(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value y = backward.output(node, 0);
    backward.give(node, 0, ops.mul(g, ops.mul(y, ops.sub(ops.real(1), y))));
  }

  /** d(max(x, 0)) = dx where x is above 0. */
  static void relu(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    Value above =
        ops.emit("", "Greater", DataType.BOOL, x.shape(), java.util.Map.of(), x, ops.real(0));
    backward.give(node, 0, ops.where(above, g, ops.real(0)));
  }

  /** y = x s with s = sigmoid(alpha x): dy = (s + alpha y (1 - s)) dx. */
  static void quickGelu(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    float alpha = node.real("alpha", 1.702f);
    Value x = backward.input(node, 0);
    Value scaled = alpha == 1 ? x : ops.mul(x, ops.real(alpha));
    Value s = ops.unary("Sigmoid", scaled);
    Value y = backward.output(node, 0);
    Value rising = alpha == 1 ? y : ops.mul(y, ops.real(alpha));
    backward.give(node, 0, ops.mul(g, ops.add(s, ops.mul(rising, ops.sub(ops.real(1), s)))));
  }
}
