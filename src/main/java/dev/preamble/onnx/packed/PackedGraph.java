package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Composite;
import dev.preamble.onnx.gradient.Gradient;
import java.util.ArrayList;
import java.util.List;

/**
 * An exported causal language model's graph, rebuilt for a packed batch (see the package).
 *
 * <p>Inputs, with P prompt rows, T text tokens of all rows one after the other, N = P + T, B rows
 * of at most S tokens, n label positions and hidden size H:
 *
 * <ul>
 *   <li>{@link #PROMPT} float [P, H]: the virtual tokens' rows
 *   <li>{@link #TEXT} float [T, H]: the text tokens' embeddings
 *   <li>{@link #POSITIONS} int64 [1, N]: 0 … P-1, then each row from P on
 *   <li>{@link #SLOTS} int64 [B, S]: the text token (0 … T-1) in each slot, -1 in an empty one
 *   <li>{@link #SLOT_OF} int64 [T]: the slot (0 … B*S-1) of each text token
 *   <li>{@link #LABEL_POSITIONS} int64 [n]: the packed positions whose logits are wanted; the
 *       position before a row's first token is P-1
 * </ul>
 */
public final class PackedGraph {
  public static final String PROMPT = "prompt_rows";
  public static final String TEXT = "text_embeds";
  public static final String POSITIONS = "position_ids";
  public static final String SLOTS = "slots";
  public static final String SLOT_OF = "slot_of";
  public static final String LABEL_POSITIONS = "label_positions";

  /** int64 [n]: the vocabulary entry that each label position should predict. */
  public static final String LABELS = "labels";

  /** float [n]: what each label counts; weights that sum to 1 give the mean. */
  public static final String LABEL_WEIGHTS = "label_weights";

  /** float [1, n, vocabulary]. */
  public static final String LOGITS = "logits";

  /** float scalar: the weighted cross-entropy. */
  public static final String LOSS = "loss";

  /** float [P, H]: the derivative of {@link #LOSS} with respect to {@link #PROMPT}. */
  public static final String PROMPT_GRADIENT = "prompt_gradient";

  private final GraphEditor editor;
  private final Value prompt;
  private final Value logits;
  private final List<Composite> composites = new ArrayList<>();

  private PackedGraph(Graph exported) {
    editor = new GraphEditor(exported);
    Value embeds = exportedInput(exported, "inputs_embeds");
    Shape.Dimension hidden = embeds.shape().at(2);
    editor.bind(embeds.shape().at(0).symbol(), Shape.Dimension.of(1));
    editor.bind(embeds.shape().at(1).symbol(), PackedLayout.N);
    Ops ops = new Ops(editor);

    prompt = editor.input(PROMPT, DataType.FLOAT, PackedLayout.P, hidden);
    Value text = editor.input(TEXT, DataType.FLOAT, PackedLayout.T, hidden);
    Value packed = ops.unsqueeze(ops.concat(0, prompt, text), 0);
    editor.redirect(
        embeds.name(),
        editor.define(packed.name(), packed.type(), Shape.of(1, PackedLayout.N, hidden)).name());

    PackedLayout layout = new PackedLayout(editor, prompt, text);
    for (Node node : exported.nodesOf("com.microsoft:GroupQueryAttention")) {
      Node current = editor.producers().get(node.output(0));
      composites.add(new PackedAttention(editor, current, layout));
    }
    Value positions = editor.input(LABEL_POSITIONS, DataType.INT64, Shape.Dimension.of("n"));
    logits = labelLogits(exported, positions);
  }

  /** The graph that gives {@link #LOGITS} at the label positions. */
  public static Graph scoring(Graph exported) {
    PackedGraph packed = new PackedGraph(exported);
    return packed.editor.finish(List.of(packed.logits));
  }

  /** The graph that gives {@link #LOSS} and {@link #PROMPT_GRADIENT}. */
  public static Graph training(Graph exported) {
    PackedGraph packed = new PackedGraph(exported);
    GraphEditor editor = packed.editor;
    CrossEntropy loss = new CrossEntropy(editor, packed.logits);
    packed.composites.add(loss);
    Value gradient =
        Gradient.of(editor, loss.output(), List.of(packed.prompt), packed.composites).getFirst();
    return editor.finish(
        List.of(packed.named(loss.output(), LOSS), packed.named(gradient, PROMPT_GRADIENT)));
  }

  private Value labelLogits(Graph exported, Value positions) {
    Value found = editor.value(LOGITS);
    Value restricted = LabelRows.hoist(editor, found, "logit_positions", positions);
    long vocabulary = found.shape().at(2).size();
    return editor.define(
        restricted.name(), DataType.FLOAT, Shape.of(1, positions.shape().at(0), vocabulary));
  }

  private Value named(Value value, String name) {
    editor.add(new Node("", "Identity", List.of(value.name()), List.of(name), java.util.Map.of()));
    return editor.define(name, value.type(), value.shape());
  }

  private static Value exportedInput(Graph exported, String name) {
    return exported
        .input(name)
        .orElseThrow(
            () ->
                new GraphException(
                    "The graph has no input %s; found %s; export the model again"
                        .formatted(name, exported.inputs().stream().map(Value::name).toList())));
  }
}
