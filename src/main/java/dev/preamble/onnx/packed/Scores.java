package dev.preamble.onnx.packed;

import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.Optional;

/**
 * How queries score keys in one attention: scaled, capped and masked.
 *
 * @param scale factor of the product
 * @param cap the soft cap behind it
 * @param masks what each position sees
 * @param attending how this attention uses them
 */
record Scores(
    Ops ops, float scale, SoftCap cap, PackedMasks masks, PackedMasks.Attending attending) {

  /** Queries times keys, scaled and capped. */
  SoftCap.Capped of(Value queries, Value keys) {
    return cap.of(ops.matMul(queries, false, keys, true, cap.factor(scale)));
  }

  /** {@code scores} with what is added to those of {@code block}. */
  Value masked(Value scores, PackedMasks.Block block) {
    Optional<Value> mask = masks.of(block, attending);
    if (mask.isEmpty()) {
      return scores;
    }
    Value sum = ops.add(scores, ops.cast(mask.get(), scores.type()));
    return new Value(sum.name(), sum.type(), scores.shape());
  }

  /**
   * The derivative by {@link #of}'s product over the scale: weights (upstream values^T - sum),
   * taken back through the cap.
   *
   * @param weights what softmax gave
   * @param upstream d(loss)/d(weights values)
   * @param sum the sum over elements of upstream times output, a number a query
   */
  Value back(Value weights, Value upstream, Value values, Value sum, SoftCap.Capped scores) {
    Value product = ops.matMul(upstream, false, values, true, 1);
    return cap.back(ops.mul(weights, ops.sub(product, sum)), scores);
  }
}
