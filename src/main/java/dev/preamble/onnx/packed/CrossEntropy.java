package dev.preamble.onnx.packed;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Backward;
import dev.preamble.onnx.gradient.Composite;
import java.util.Map;
import java.util.Optional;

/**
 * The weighted cross-entropy of logits [1, n, V] against labels [n]: loss = -sum over i of w_i log
 * softmax(z_i)[label_i]. Its derivative is dz_i = w_i (softmax(z_i) - one-hot(label_i)).
 *
 * <p>The logarithm is taken of the label's probability alone. Where that is too small for float32,
 * which is rare, the row is computed once more by the logarithm of softmax.
 *
 * <p>The weights, one a row, are multiplied to what the LM head's product gives of the derivative:
 * H numbers a label instead of V.
 */
final class CrossEntropy implements Composite {
  /** Least probability whose logarithm is taken: well above what float32 resolves less of. */
  private static final float LEAST = 1e-30f;

  private final Ops ops;
  private final Value logits;
  private final Optional<LanguageHead> head;
  private final Value probabilities;
  private final Value labels;
  private final Value weights;
  private final Value loss;

  /**
   * The loss of {@code logits}, by kernels where there are such for them.
   *
   * @param logits what the model gives
   * @param bias float [V], added to them
   * @param most how many labels there are at most
   */
  static Composite of(GraphEditor editor, Value logits, Optional<Value> bias, int most) {
    return BlockedCrossEntropy.of(editor, logits, bias, most)
        .orElseGet(() -> new CrossEntropy(editor, logits, bias));
  }

  private CrossEntropy(GraphEditor editor, Value logits, Optional<Value> bias) {
    this.ops = new Ops(editor);
    this.logits = logits;
    head = LanguageHead.of(editor, logits);
    Shape.Dimension n = logits.shape().at(1);
    labels = ops.unsqueeze(editor.input(PackedGraph.LABELS, DataType.INT64, n), 0, 2);
    weights = ops.unsqueeze(editor.input(PackedGraph.LABEL_WEIGHTS, DataType.FLOAT, n), 0, 2);
    Value scores = bias.map(each -> ops.add(logits, each)).orElse(logits);
    probabilities = ops.softmax(scores);
    Value picked = logarithms(scores);
    loss = ops.unary("Neg", ops.sum(ops.mul(picked, weights)));
  }

  /** The logarithm of each label's probability, [1, n, 1]. */
  private Value logarithms(Value scores) {
    Value ofLabel = pick(probabilities, labels);
    Value least = ops.real(LEAST);
    Value rows = nonZero(ops.greaterOrEqual(least, ofLabel));
    Value exact = pick(ops.logSoftmax(ops.gather(scores, rows, 1)), ops.gather(labels, rows, 1));
    return ops.emit(
        "",
        "ScatterElements",
        DataType.FLOAT,
        ofLabel.shape(),
        Map.of("axis", new Attribute.Int(1)),
        ops.unary("Log", ops.max(ofLabel, least)),
        ops.unsqueeze(rows, 0, 2),
        exact);
  }

  /** Of each row the element that {@code labels} names. */
  private Value pick(Value rows, Value labels) {
    return ops.emit(
        "",
        "GatherElements",
        DataType.FLOAT,
        labels.shape(),
        Map.of("axis", new Attribute.Int(2)),
        rows,
        labels);
  }

  /** Where {@code flags} [1, n, 1] are true, int64 [m]. */
  private Value nonZero(Value flags) {
    Value flat = ops.reshape(flags, Shape.of(flags.shape().at(1)), -1);
    Shape.Dimension found = Shape.Dimension.of("improbable");
    Value places = ops.emit("", "NonZero", DataType.INT64, Shape.of(1, found), Map.of(), flat);
    return ops.reshape(places, Shape.of(found), -1);
  }

  @Override
  public Value output() {
    return loss;
  }

  @Override
  public void differentiate(Value upstream, Backward backward) {
    Value weight = ops.mul(weights, upstream);
    Value beyondLabel =
        ops.emit(
            "",
            "ScatterElements",
            DataType.FLOAT,
            logits.shape(),
            Map.of("axis", new Attribute.Int(2), "reduction", new Attribute.Text("add")),
            probabilities,
            labels,
            ops.expand(ops.real(-1), labels));
    head.ifPresentOrElse(
        each -> backward.give(each.input(), ops.mul(each.back(beyondLabel, ops), weight)),
        () -> backward.give(logits, ops.mul(beyondLabel, weight)));
  }
}
