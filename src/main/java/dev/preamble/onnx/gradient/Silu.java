package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.Optional;

/**
 * A product y = x s with s = sigmoid(x), SiLU (Elfwing et al. 2017), which is differentiated as a
 * whole, from values that are there already.
 *
 * @param node the product
 * @param x which of its operands is x; the other is s
 */
record Silu(Node node, int x) {

  /** What {@code product} is, if it is SiLU. */
  static Optional<Silu> of(Node product, Backward backward) {
    if (!product.key().equals("Mul")) {
      return Optional.empty();
    }
    for (int x = 0; x < 2; x++) {
      String operand = product.input(x);
      boolean gated =
          backward
              .producer(product.input(1 - x))
              .filter(each -> each.key().equals("Sigmoid") && each.input(0).equals(operand))
              .isPresent();
      if (gated) {
        return Optional.of(new Silu(product, x));
      }
    }
    return Optional.empty();
  }

  /** The operand {@code index} of {@code product}, if it is SiLU. */
  static Optional<Silu> operand(Node product, int index, Backward backward) {
    return backward.producer(product.input(index)).flatMap(each -> of(each, backward));
  }

  /** dy = (s + y (1 - s)) dx. */
  void differentiate(Value g, Backward backward) {
    Ops ops = backward.ops();
    Value s = backward.input(node, 1 - x);
    Value y = backward.output(node, 0);
    Value slope = ops.add(s, ops.mul(y, ops.sub(ops.real(1, s.type()), s)));
    backward.give(node, x, ops.mul(g, slope));
  }

  /**
   * Of z = y u, as in SwiGLU (Shazeer 2020): dz = u dy + y du with u dy = (z + s (u - z)) dx, which
   * takes fewer steps than u and dy one after the other.
   *
   * @param product gives z
   * @param other which of its operands is u; the other is y
   */
  void differentiate(Node product, int other, Value g, Backward backward) {
    Ops ops = backward.ops();
    Value s = backward.input(node, 1 - x);
    Value u = backward.input(product, other);
    Value z = backward.output(product, 0);
    Value slope = ops.add(ops.mul(ops.sub(u, z), s), z);
    backward.give(node, x, ops.mul(slope, g));
    if (backward.wants(product, other)) {
      backward.give(product, other, ops.mul(g, backward.input(product, 1 - other)));
    }
  }
}
