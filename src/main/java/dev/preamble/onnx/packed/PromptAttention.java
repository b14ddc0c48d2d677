package dev.preamble.onnx.packed;

import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;

/**
 * The prompt's rows attending to themselves in one layer. The text's rows read the same keys and
 * values, so what they ask of them is added where the derivative is taken.
 */
final class PromptAttention {
  private final Scores scoring;
  private final Ops ops;
  private final Value queries;
  private final Value keys;
  private final Value values;
  private final SoftCap.Capped scores;
  private final Value weights;
  private final Value output;

  /** Derivatives of the loss: queries [K, g * P, D], keys and values [K, P, D]. */
  record Derivatives(Value queries, Value keys, Value values) {}

  /**
   * @param queries [K, g * P, D]
   * @param keys [K, P, D]
   * @param values [K, P, D]
   */
  PromptAttention(Scores scoring, Value queries, Value keys, Value values) {
    this.scoring = scoring;
    this.ops = scoring.ops();
    this.queries = queries;
    this.keys = keys;
    this.values = values;
    scores = scoring.of(queries, keys);
    weights = ops.softmax(scoring.masked(scores.scores(), PackedMasks.Block.PROMPT_ON_PROMPT));
    output = ops.matMul(weights, values);
  }

  /** [K, g * P, D]. */
  Value output() {
    return output;
  }

  /**
   * What flows from {@code upstream}, d(loss)/d(output), to the three inputs, together with what
   * flows to keys and values from the text.
   */
  Derivatives differentiate(Value upstream, Value keysFromText, Value valuesFromText) {
    Value sum = ops.sum(ops.mul(upstream, output), -1);
    Value derivative = scoring.back(weights, upstream, values, sum, scores);
    float scale = scoring.scale();
    return new Derivatives(
        ops.matMul(derivative, false, keys, false, scale),
        ops.add(ops.matMul(derivative, true, queries, false, scale), keysFromText),
        ops.add(ops.matMul(weights, true, upstream, false, 1), valuesFromText));
  }
}
