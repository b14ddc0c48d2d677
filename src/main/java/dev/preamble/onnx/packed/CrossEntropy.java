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

/**
 * The weighted cross-entropy of logits [1, n, V] against labels [n]: loss = -sum over i of w_i log
 * softmax(z_i)[label_i]. Its derivative is dz_i = w_i (softmax(z_i) - one-hot(label_i)).
 */
final class CrossEntropy implements Composite {
  private final Ops ops;
  private final Value logits;
  private final Value logProbabilities;
  private final Value labels;
  private final Value weights;
  private final Value loss;

  CrossEntropy(GraphEditor editor, Value logits) {
    this.ops = new Ops(editor);
    this.logits = logits;
    Shape.Dimension n = logits.shape().at(1);
    labels = ops.unsqueeze(editor.input(PackedGraph.LABELS, DataType.INT64, n), 0, 2);
    weights = ops.unsqueeze(editor.input(PackedGraph.LABEL_WEIGHTS, DataType.FLOAT, n), 0, 2);
    logProbabilities = ops.logSoftmax(logits);
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
    Value scaled = ops.mul(weights, upstream);
    Value everywhere = ops.mul(ops.unary("Exp", logProbabilities), scaled);
    backward.give(
        logits,
        ops.emit(
            "",
            "ScatterElements",
            DataType.FLOAT,
            logits.shape(),
            Map.of("axis", new Attribute.Int(2), "reduction", new Attribute.Text("add")),
            everywhere,
            labels,
            ops.unary("Neg", scaled)));
  }
}
