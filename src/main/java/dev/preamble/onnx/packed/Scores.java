package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
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
  /**
   * How far below the score of a key that is seen the scores of hidden keys are. All hidden keys
   * together then weigh less than float32 resolves, as they would at minus infinity; but a softmax
   * whose exponentials do not underflow takes a quarter of the time on many processors.
   */
  private static final float FLOOR = -32;

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
    Value masked = new Value(sum.name(), sum.type(), scores.shape());
    boolean hidesMuch = block != PackedMasks.Block.LABELS_ON_PROMPT;
    return hidesMuch && firstKeyIsSeen() && scores.type() == DataType.FLOAT
        ? ops.max(masked, floor(scores, block))
        : masked;
  }

  /**
   * Whether every query sees the first key of its block as it scores it; labels of the prompt see
   * none of the text.
   */
  private boolean firstKeyIsSeen() {
    return attending.window().isEmpty() && attending.bias().isEmpty();
  }

  /** For each query the lowest score that softmax takes. */
  private Value floor(Value scores, PackedMasks.Block block) {
    Value first = ops.slice(scores, -1, ops.longs(0), ops.longs(1), Shape.Dimension.of(1));
    Value below =
        block == PackedMasks.Block.LABELS_ON_TEXT
            ? masks.ifOfText(FLOOR, attending)
            : ops.real(FLOOR);
    return ops.add(first, below);
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
