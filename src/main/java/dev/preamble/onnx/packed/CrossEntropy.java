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
 * <p>The weights, one a row, are multiplied to what the LM head's product gives of the derivative:
 * H numbers a label instead of V.
 */
final class CrossEntropy implements Composite {
  private final Ops ops;
  private final Value logits;
  private final Optional<LanguageHead> head;
  private final Value logProbabilities;
  private final Value labels;
  private final Value weights;
  private final Value loss;

  /**
   * @param logits what the model gives
   * @param bias float [V], added to them
   */
  CrossEntropy(GraphEditor editor, Value logits, Optional<Value> bias) {
    this.ops = new Ops(editor);
    this.logits = logits;
    head = LanguageHead.of(editor, logits);
    Shape.Dimension n = logits.shape().at(1);
    labels = ops.unsqueeze(editor.input(PackedGraph.LABELS, DataType.INT64, n), 0, 2);
    weights = ops.unsqueeze(editor.input(PackedGraph.LABEL_WEIGHTS, DataType.FLOAT, n), 0, 2);
    Value scores = bias.map(each -> ops.add(logits, each)).orElse(logits);
    logProbabilities = ops.logSoftmax(scores);
    Value picked =
        ops.emit(
            "",
            "GatherElements",
            DataType.FLOAT,
            Shape.of(1, n, 1),
            Map.of("axis", new Attribute.Int(2)),
            logProbabilities,
            labels);
    loss = ops.unary("Neg", ops.sum(ops.mul(picked, weights)));
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
            ops.unary("Exp", logProbabilities),
            labels,
            ops.expand(ops.real(-1), labels));
    head.ifPresentOrElse(
        each -> backward.give(each.input(), ops.mul(each.back(beyondLabel, ops), weight)),
        () -> backward.give(logits, ops.mul(beyondLabel, weight)));
  }
}
