package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Derivatives of a transformer's activation functions, in as few passes over memory as the values
 * at hand allow; y is the output, g d(loss)/dy.
 */
final class ActivationRules {
  /** sqrt(2 / pi), and what x^3 counts beside x, in GELU by tanh (Hendrycks and Gimpel 2016). */
  private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);

  private static final double CUBE = 0.044715;

  private ActivationRules() {}

  /** y = x s with s = sigmoid(alpha x): dy = (s + alpha y (1 - s)) dx. */
  static void quickGelu(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    float alpha = node.real("alpha", 1.702f);
    Value x = backward.input(node, 0);
    Value scaled = alpha == 1 ? x : ops.mul(x, ops.real(alpha, x.type()));
    Value s = ops.unary("Sigmoid", scaled);
    Value y = backward.output(node, 0);
    Value rising = alpha == 1 ? y : ops.mul(y, ops.real(alpha, x.type()));
    backward.give(node, 0, ops.mul(g, ops.add(s, ops.mul(rising, less(ops, s)))));
  }

  static void gelu(Node node, Value g, Backward backward) {
    Value x = backward.input(node, 0);
    if (node.text("approximate", "none").equals("tanh")) {
      fastGelu(node, g, backward);
    } else {
      backward.give(node, 0, exactGelu(x, g, backward.ops()));
    }
  }

  /** GELU by tanh of x + bias; both get the same gradient, the bias summed. */
  static void fastGelu(Node node, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value x = backward.input(node, 0);
    Optional<Value> bias = node.has(1) ? Optional.of(backward.input(node, 1)) : Optional.empty();
    Value dx;
    if (ops.hasKernelsFor(x, g)) {
      Value[] inputs = Stream.concat(Stream.of(g, x), bias.stream()).toArray(Value[]::new);
      dx = ops.kernel("TanhGeluGradient", g.shape(), inputs);
    } else {
      Value shifted = bias.map(each -> ops.add(x, each)).orElse(x);
      dx = tanhGelu(shifted, backward.output(node, 0), g, ops);
    }
    backward.give(node, 0, dx);
    backward.give(node, 1, dx);
  }

  /**
   * y = x/2 (1 + tanh(c (x + a x^3))) = x s with s = sigmoid(w), w = x p and p = 2c + 2ca x^2. As
   * dw = (2c + 6ca x^2) dx = (3p - 4c) dx: dy = (s + y (1 - s) (3p - 4c)) dx.
   */
  private static Value tanhGelu(Value x, Value y, Value g, Ops ops) {
    float twice = (float) (2 * TANH_SCALE);
    Value square = ops.mul(ops.mul(x, x), ops.real((float) (2 * TANH_SCALE * CUBE), x.type()));
    Value p = ops.add(square, ops.real(twice, x.type()));
    Value s = ops.unary("Sigmoid", ops.mul(x, p));
    Value rise = ops.sub(ops.mul(p, ops.real(3, x.type())), ops.real(2 * twice, x.type()));
    return ops.mul(g, ops.add(s, ops.mul(ops.mul(y, less(ops, s)), rise)));
  }

  /**
   * y = x F(x) with F the normal distribution, F(x) = (1 + erf(x / sqrt 2)) / 2: dy = (F + x
   * e^(-x^2 / 2) / sqrt(2 pi)) dx.
   */
  private static Value exactGelu(Value x, Value g, Ops ops) {
    Value erf = ops.unary("Erf", ops.mul(x, ops.real((float) Math.sqrt(0.5), x.type())));
    Value half = ops.real(0.5f, x.type());
    Value distribution = ops.add(ops.mul(erf, half), half);
    Value bell = ops.unary("Exp", ops.mul(ops.mul(x, x), ops.real(-0.5f, x.type())));
    Value density = ops.mul(bell, ops.real((float) (1 / Math.sqrt(2 * Math.PI)), x.type()));
    return ops.mul(g, ops.add(distribution, ops.mul(x, density)));
  }

  /** 1 - x. */
  private static Value less(Ops ops, Value x) {
    return ops.sub(ops.real(1, x.type()), x);
  }
}
