package dev.preamble.onnx.packed;

import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.Optional;

/**
 * A soft cap c on attention's scores s: s' = c tanh(s / c), so that ds = (1 - tanh^2) ds' (Gemma
 * Team 2024, section 2). A cap of 0 stands for none.
 */
record SoftCap(Ops ops, float cap) {

  /**
   * Scores behind the cap.
   *
   * @param scores what softmax takes
   * @param tanh scores over the cap, if there is a cap
   */
  record Capped(Value scores, Optional<Value> tanh) {}

  /** The factor of a product of queries and keys whose result {@link #of} takes. */
  float factor(float scale) {
    return cap == 0 ? scale : scale / cap;
  }

  /** Caps scores that {@link #factor} has scaled. */
  Capped of(Value product) {
    if (cap == 0) {
      return new Capped(product, Optional.empty());
    }
    Value tanh = ops.unary("Tanh", product);
    return new Capped(ops.mul(tanh, ops.real(cap, tanh.type())), Optional.of(tanh));
  }

  /** d(loss)/d(uncapped scores) for d(loss)/d(capped scores). */
  Value back(Value gradient, Capped capped) {
    return capped
        .tanh()
        .map(tanh -> ops.mul(gradient, ops.sub(ops.real(1, tanh.type()), ops.mul(tanh, tanh))))
        .orElse(gradient);
  }
}
