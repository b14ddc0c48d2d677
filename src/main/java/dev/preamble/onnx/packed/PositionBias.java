package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The bias that an exported graph adds to attention's scores, such as ALiBi's, computed anew for a
 * packed batch. It depends on positions alone, so what it is for positions 0 … P+S-1 holds for
 * every row: the operators that lead to it are repeated with these positions as queries and keys.
 */
final class PositionBias {
  private static final String POSITIONS = "position_ids";
  private static final String TOTAL = "total_sequence_length";
  private static final Shape.Dimension ALL = Shape.Dimension.of("P+S");

  private final GraphEditor editor;
  private final Map<String, Value> again = new HashMap<>();

  /**
   * @param positions 0 … P+S-1, int64 [P+S]
   */
  PositionBias(GraphEditor editor, Value positions) {
    this.editor = editor;
    Ops ops = new Ops(editor);
    again.put(POSITIONS, ops.unsqueeze(positions, 0));
    Value count = ops.cast(ops.sizes(positions, 0, 1), DataType.INT32);
    again.put(TOTAL, ops.emit("", "Squeeze", DataType.INT32, Shape.of(), Map.of(), count));
  }

  /**
   * The value called {@code name} in the exported graph, float [1, heads, P+S, P+S] here.
   *
   * @throws GraphException if it depends on anything but positions and constants
   */
  Value of(String name) {
    return repeat(name, editor.producers(), name);
  }

  private Value repeat(String name, Map<String, Node> producers, String bias) {
    Value known = again.get(name);
    if (known != null) {
      return known;
    }
    if (editor.constant(name).isPresent()) {
      return editor.value(name);
    }
    Node node = producers.get(name);
    if (node == null || node.outputs().size() != 1) {
      throw new GraphException(
          "Attention bias %s: expected one that positions alone decide, found that it reads %s"
              .formatted(bias, name));
    }
    List<String> inputs =
        node.inputs().stream()
            .map(each -> each.isEmpty() ? each : repeat(each, producers, bias).name())
            .toList();
    Value found = editor.value(name);
    String fresh = editor.fresh(name);
    editor.add(new Node(node.domain(), node.op(), inputs, List.of(fresh), node.attributes()));
    Value made = editor.define(fresh, found.type(), shape(found.shape()));
    again.put(name, made);
    return made;
  }

  private static Shape shape(Shape exported) {
    return new Shape(
        exported.dimensions().stream().map(each -> each.isFixed() ? each : ALL).toList());
  }
}
