package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Computes only the positions that are asked for: the gather before the LM head moves up through
 * every position-wise operator to the last attention's queries and the last residual, so that the
 * last attention's queries, the last MLP, the final norm and the head see n rows instead of N.
 */
final class LabelRows {
  /** Operators that treat each position alone, as long as axis 1 stays the sequence. */
  private static final Set<String> POSITION_WISE =
      Set.of(
          "Add",
          "Sub",
          "Mul",
          "Div",
          "Pow",
          "Sqrt",
          "Reciprocal",
          "Neg",
          "Tanh",
          "Sigmoid",
          "Relu",
          "Cast",
          "Clip",
          "Erf",
          "Exp",
          "Split",
          "MatMul",
          "com.microsoft:FusedMatMul",
          "com.microsoft:MatMulNBits",
          "com.microsoft:QuickGelu",
          "com.microsoft:FastGelu",
          "Gelu",
          "SimplifiedLayerNormalization",
          "LayerNormalization",
          "RotaryEmbedding");

  /** An input of RotaryEmbedding by which its angles are looked up instead of given. */
  private static final int ROTARY_POSITIONS = 3;

  /** What stands for an attention of which some positions alone are asked for. */
  interface Attention {
    /** Whether {@code node} is an attention that can be asked so. */
    boolean canAsk(Node node);

    /** What {@code node} gives for {@code queries}, those of the positions asked for. */
    Value of(Node node, Value queries);
  }

  private final GraphEditor editor;
  private final Ops ops;
  private final Value positions;
  private final Attention attention;
  private final Map<String, Value> gathered = new HashMap<>();

  private LabelRows(GraphEditor editor, Value positions, Attention attention) {
    this.editor = editor;
    this.ops = new Ops(editor);
    this.positions = positions;
    this.attention = attention;
  }

  /**
   * Rewrites what leads to {@code logits}.
   *
   * @param oldPositions the exported graph's input [1, n], whose gather is replaced
   * @param positions int64 [n], positions in the packed sequence
   * @param attention makes the last attention
   * @return the value that stands for {@code logits} now, [1, n, vocabulary]
   */
  static Value hoist(
      GraphEditor editor, Value logits, String oldPositions, Value positions, Attention attention) {
    LabelRows rows = new LabelRows(editor, positions, attention);
    Node gather = rows.findGather(logits, oldPositions);
    Value data = editor.value(gather.input(0));
    Value found = editor.value(gather.output(0));
    Value restricted = rows.restrict(data, rows.needEveryRow(data));
    editor.remove(gather);
    editor.redirect(found.name(), restricted.name());
    return logits;
  }

  /** The node that picks positions: the first that reads both an activation and the positions. */
  private Node findGather(Value logits, String oldPositions) {
    Set<String> fromPositions = new HashSet<>(Set.of(oldPositions));
    for (Node node : editor.finish(List.of(logits)).nodes()) {
      boolean reads = node.inputs().stream().anyMatch(fromPositions::contains);
      if (reads && !fromPositions.contains(node.input(0)) && node.op().startsWith("Gather")) {
        return node;
      }
      if (reads) {
        fromPositions.addAll(node.outputs());
      }
    }
    throw new GraphException(
        "The graph has no gather that reads input %s; export the model again"
            .formatted(oldPositions));
  }

  /** The values above {@code data} that some operator needs at every position. */
  private Set<String> needEveryRow(Value data) {
    Set<String> every = new HashSet<>();
    for (Node node : editor.finish(List.of(data)).nodes().reversed()) {
      boolean asked = node.outputs().stream().noneMatch(every::contains);
      if (asked && attention.canAsk(node)) {
        every.addAll(node.inputs().subList(1, node.inputs().size()));
      } else if (!asked || !positionWise(node)) {
        every.addAll(node.inputs());
      }
    }
    return every;
  }

  private Value restrict(Value value, Set<String> needEveryRow) {
    if (!carriesSequence(value)) {
      return value;
    }
    Value known = gathered.get(value.name());
    if (known != null) {
      return known;
    }
    Node producer = editor.producers().get(value.name());
    boolean asked =
        producer != null && producer.outputs().stream().noneMatch(needEveryRow::contains);
    if (asked && attention.canAsk(producer)) {
      Value queries = restrict(editor.value(producer.input(0)), needEveryRow);
      gathered.put(value.name(), attention.of(producer, queries));
    } else if (asked && positionWise(producer)) {
      again(producer, needEveryRow);
    } else {
      gathered.put(value.name(), ops.gather(value, positions, 1));
    }
    return gathered.get(value.name());
  }

  /** Repeats {@code node} at the positions asked for; all that it gives is then known. */
  private void again(Node node, Set<String> needEveryRow) {
    List<String> inputs =
        node.inputs().stream()
            .map(name -> name.isEmpty() ? name : restrict(editor.value(name), needEveryRow).name())
            .toList();
    List<String> outputs = new ArrayList<>();
    for (String output : node.outputs()) {
      Value value = editor.value(output);
      String name = editor.fresh(output);
      outputs.add(name);
      gathered.put(
          output,
          editor.define(name, value.type(), value.shape().with(1, positions.shape().at(0))));
    }
    editor.add(new Node(node.domain(), node.op(), inputs, outputs, node.attributes()));
  }

  private static boolean positionWise(Node node) {
    boolean cutsTheSequence =
        node.op().equals("Split") && Math.floorMod(node.integer("axis", 0), 3) != 2;
    boolean looksUp = node.op().equals("RotaryEmbedding") && node.has(ROTARY_POSITIONS);
    return POSITION_WISE.contains(node.key()) && !cutsTheSequence && !looksUp;
  }

  private static boolean carriesSequence(Value value) {
    Shape shape = value.shape();
    return shape.rank() == 3
        && shape.at(1).equals(PackedLayout.N)
        && value.type() != DataType.INT64;
  }
}
