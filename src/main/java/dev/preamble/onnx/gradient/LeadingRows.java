package dev.preamble.onnx.gradient;

import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Values whose leading rows alone depend on anything trainable: a sequence that starts with
 * trainable rows, and what operators that treat each row alone make of it. Their gradients have
 * these rows and no others.
 */
final class LeadingRows {
  private final Ops ops;
  private final TrainableStart start;
  private final Set<String> names = new HashSet<>();
  private final Map<String, Value> cut = new HashMap<>();

  /**
   * @param forward the nodes that lead to the loss, sorted
   * @param mixing values in which rows meet
   */
  LeadingRows(
      GraphEditor editor,
      TrainableStart start,
      Collection<Node> forward,
      Collection<String> mixing) {
    this.ops = new Ops(editor);
    this.start = start;
    Set<String> dependent = new HashSet<>(Set.of(start.sequence().name()));
    names.addAll(dependent);
    for (Node node : forward) {
      List<String> active = node.inputs().stream().filter(dependent::contains).toList();
      if (!active.isEmpty()) {
        dependent.addAll(node.outputs());
        boolean rowByRow =
            names.containsAll(active)
                && node.outputs().stream()
                    .noneMatch(name -> mixing.contains(name) || axis(editor.value(name)) < 0);
        if (rowByRow) {
          names.addAll(node.outputs());
        }
      }
    }
  }

  /** Whether gradients of {@code value} have the leading rows alone. */
  boolean contains(String value) {
    return names.contains(value);
  }

  /** The leading rows of {@code value}, or all of it where it has no rows. */
  Value of(Value value) {
    int axis = axis(value);
    return axis < 0
        ? value
        : cut.computeIfAbsent(
            value.name(),
            name -> ops.slice(value, axis, ops.longs(0), start.count(), start.leading()));
  }

  /** The dimension that the sequence's rows are in {@code value}; -1 where it has none. */
  private int axis(Value value) {
    return value.shape().dimensions().indexOf(start.rows());
  }
}
