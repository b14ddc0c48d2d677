package dev.preamble.onnx.gradient;

import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.QuantisedWeight;
import dev.preamble.onnx.Value;

/**
 * Derivatives of matrix products. A frozen weight is read as stored, never transposed in memory.
 */
final class ProductRules {
  private ProductRules() {}

  static void matMul(Node node, Value g, Backward backward) {
    product(node, g, false, false, 1, backward);
  }

  static void fusedMatMul(Node node, Value g, Backward backward) {
    if (node.integer("transBatchA", 0) != 0 || node.integer("transBatchB", 0) != 0) {
      throw new GraphException("Node " + node + ": transposed batch dimensions have no gradient");
    }
    product(
        node,
        g,
        node.integer("transA", 0) != 0,
        node.integer("transB", 0) != 0,
        node.real("alpha", 1),
        backward);
  }

  /** As a product of matrices, and beta times the gradient for what is added. */
  static void gemm(Node node, Value g, Backward backward) {
    product(
        node,
        g,
        node.integer("transA", 0) != 0,
        node.integer("transB", 0) != 0,
        node.real("alpha", 1),
        backward);
    if (backward.wants(node, 2)) {
      float beta = node.real("beta", 1);
      Ops ops = backward.ops();
      backward.give(node, 2, beta == 1 ? g : ops.mul(g, ops.real(beta, g.type())));
    }
  }

  /** Y = X W^T with W quantised by blocks: dX = G W, exactly; see {@link QuantisedWeight}. */
  static void matMulNBits(Node node, Value g, Backward backward) {
    backward.requireFrozen(node, 2);
    if (backward.wants(node, 0)) {
      backward.give(node, 0, backward.ops().matMul(g, backward.dequantised(node)));
    }
    backward.give(node, 5, g);
  }

  /**
   * Y = alpha A' B', a prime marking operands that may be transposed: dA' = alpha G B'^T and dB' =
   * alpha A'^T G, transposed once more where the operand was.
   */
  private static void product(
      Node node, Value g, boolean ta, boolean tb, float alpha, Backward backward) {
    Ops ops = backward.ops();
    Value a = backward.input(node, 0);
    Value b = backward.input(node, 1);
    if (backward.wants(node, 0)) {
      backward.give(
          node, 0, ta ? ops.matMul(b, tb, g, true, alpha) : ops.matMul(g, false, b, !tb, alpha));
    }
    if (backward.wants(node, 1)) {
      backward.give(
          node, 1, tb ? ops.matMul(g, true, a, ta, alpha) : ops.matMul(a, !ta, g, false, alpha));
    }
  }
}
