package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.QuantisedWeight;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Composite;
import dev.preamble.onnx.gradient.Gradient;
import dev.preamble.onnx.gradient.TrainableStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An exported causal language model's graph, rebuilt for a packed batch (see the package).
 *
 * <p>Inputs, with P prompt rows, T text tokens of all rows one after the other, N = P + T, B rows
 * of at most S tokens, n label positions and hidden size H:
 *
 * <ul>
 *   <li>those of the {@link PackedEntry}, such as {@link #PROMPT} float [P, H]: the virtual tokens'
 *       rows
 *   <li>{@link #TEXT} float [T, H]: the text tokens' embeddings
 *   <li>{@link #POSITIONS} int64 [1, N]: 0 … P-1, then each row from P on; where the entry is a
 *       prefix it takes no place in the sequence, so that N = T and 0 … P-1 are left out (an input
 *       even of models whose positions are in the attention alone)
 *   <li>{@link #SLOTS} int64 [B, S]: the text token (0 … T-1) in each slot, -1 in an empty one
 *   <li>{@link #SLOT_OF} int64 [T]: the slot (0 … B*S-1) of each text token
 *   <li>{@link #LABEL_POSITIONS} int64 [n]: the packed positions whose logits are wanted; the
 *       position before a row's first token is P-1, and there is none behind a prefix
 *   <li>{@link #LABEL_SLOTS} int64 [B, L] and {@link #LABEL_SLOT_OF} int64 [n]: as the text's slots
 *       for the labels (0 … n-1) of each row; those on prompt rows may be any row's
 * </ul>
 */
public final class PackedGraph {
  public static final String PROMPT = "prompt_rows";
  public static final String TEXT = "text_embeds";
  public static final String POSITIONS = "position_ids";
  public static final String SLOTS = "slots";
  public static final String SLOT_OF = "slot_of";
  public static final String LABEL_POSITIONS = "label_positions";

  public static final String LABEL_SLOTS = "label_slots";
  public static final String LABEL_SLOT_OF = "label_slot_of";

  /** int64 [n]: the vocabulary entry that each label position should predict. */
  public static final String LABELS = "labels";

  /** float [n]: what each label counts; weights that sum to 1 give the mean. */
  public static final String LABEL_WEIGHTS = "label_weights";

  /** float [vocabulary]: added to every label position's logits before the loss. */
  public static final String VOCABULARY_BIAS = "vocabulary_bias";

  /** float [1, n, vocabulary]. */
  public static final String LOGITS = "logits";

  /** float scalar: the weighted cross-entropy. */
  public static final String LOSS = "loss";

  /**
   * The {@code accuracy_level} at which a quantised product computes in float32; 0 leaves it so.
   */
  private static final long FLOAT32_LEVEL = 1;

  /**
   * float scalar, an input of training graphs that compute in half precision: what the loss is
   * multiplied with before it is differentiated, so that small gradients do not vanish on the way.
   * The gradients come out multiplied; {@link #LOSS} does not.
   */
  public static final String LOSS_SCALE = "loss_scale";

  private static final Pattern PAST = Pattern.compile("past_key_values\\.(\\d+)\\.key");

  private static final String ATTENTION = Node.CONTRIB + ":GroupQueryAttention";

  private final GraphEditor editor;
  private final PackedEntry entry;
  private final int layers;
  private final Value sequence;
  private final PackedLayout layout;
  private final Value logits;
  private final List<Composite> composites = new ArrayList<>();

  private PackedGraph(Graph exported, PackedEntry.Source source, Operators operators) {
    editor = new GraphEditor(exported, operators);
    Value embeds = exportedInput(exported, "inputs_embeds");
    Shape.Dimension hidden = embeds.shape().at(2);
    editor.bind(embeds.shape().at(0).symbol(), Shape.Dimension.of(1));
    editor.bind(embeds.shape().at(1).symbol(), PackedLayout.N);
    Ops ops = new Ops(editor);

    entry = source.build(editor).countedByP(editor);
    Value text = editor.input(TEXT, DataType.FLOAT, PackedLayout.T, hidden);
    Optional<Value> rows =
        Optional.of(entry.values()).filter(values -> entry.kind() == PackedEntry.Kind.ROWS);
    Value packed = ops.unsqueeze(rows.map(each -> ops.concat(0, each, text)).orElse(text), 0);
    sequence = editor.define(packed.name(), packed.type(), Shape.of(1, PackedLayout.N, hidden));
    editor.redirect(embeds.name(), sequence.name());

    layout = new PackedLayout(editor, entry.kind(), entry.values());
    layers = exported.nodesOf(ATTENTION).size();
    logits = labelLogits();
    for (Node node : editor.nodes()) {
      if (node.key().equals(ATTENTION)) {
        String found = node.output(0);
        editor.redirect(found, attention(editor.producers().get(found), Optional.empty()).name());
      }
    }
  }

  /** What {@code node} gives, for the labels' queries alone where they are given. */
  private Value attention(Node node, Optional<Value> ofLabels) {
    PackedAttention attention = new PackedAttention(editor, node, layout, prefix(node), ofLabels);
    editor.remove(node);
    composites.add(attention);
    return attention.output();
  }

  /** The part of the entry's keys and values that is for {@code node}, where it is a prefix. */
  private Optional<PackedAttention.Prefix> prefix(Node node) {
    if (entry.kind() != PackedEntry.Kind.PREFIX) {
      return Optional.empty();
    }
    Ops ops = new Ops(editor);
    int layer = layer(node);
    long width = editor.value(node.input(1)).shape().at(-1).size();
    if (entry.values().shape().at(1).size() != 2 * width * layers) {
      throw new GraphException(
          "A prefix of %s numbers a token for %d layers whose keys and values take %d each"
              .formatted(entry.values().shape().at(1), layers, width));
    }
    DataType type = editor.value(node.input(1)).type();
    return Optional.of(
        new PackedAttention.Prefix(
            ops.cast(columns(ops, 2 * layer * width, width), type),
            ops.cast(columns(ops, (2 * layer + 1) * width, width), type)));
  }

  private Value columns(Ops ops, long from, long count) {
    return ops.slice(
        entry.values(), 1, ops.longs(from), ops.longs(from + count), Shape.Dimension.of(count));
  }

  /** The layer whose cache {@code node} reads. */
  private static int layer(Node node) {
    Matcher past = PAST.matcher(node.has(3) ? node.input(3) : "");
    if (!past.matches()) {
      throw new GraphException(
          "Attention node %s: expected the past keys of a layer as its fourth input; export the model again"
              .formatted(node));
    }
    return Integer.parseInt(past.group(1));
  }

  /**
   * The graph that gives {@link #LOGITS} at the label positions behind a {@link #PROMPT}, with all
   * inputs, read or not.
   */
  public static Graph scoring(Graph exported, PackedEntry.Source entry) {
    PackedGraph packed = new PackedGraph(exported, entry, Operators.STOCK);
    exactProducts(packed.editor);
    return packed.editor.finish(
        List.of(packed.logits), POSITIONS, SLOT_OF, LABEL_SLOTS, LABEL_SLOT_OF);
  }

  /**
   * The graph of stock operators that gives {@link #LOSS} and a {@link #gradient} for each
   * trainable value.
   */
  public static Graph training(Graph exported, PackedEntry.Source entry) {
    return training(exported, entry, false, Operators.STOCK, 1);
  }

  /**
   * As above.
   *
   * @param biased whether {@link #VOCABULARY_BIAS} is added to the logits first
   * @param operators what it may be built of
   * @param labels how many a batch has at most, at least 1; one that has more takes more memory
   */
  public static Graph training(
      Graph exported, PackedEntry.Source entry, boolean biased, Operators operators, int labels) {
    PackedGraph packed = new PackedGraph(exported, entry, operators);
    GraphEditor editor = packed.editor;
    Composite loss = CrossEntropy.of(editor, packed.logits, packed.vocabularyBias(biased), labels);
    packed.composites.add(loss);
    List<Value> trainable = packed.entry.trainable();
    Value scaled =
        packed.computesInHalf(exported)
            ? new Ops(editor).mul(loss.output(), editor.input(LOSS_SCALE, DataType.FLOAT))
            : loss.output();
    List<Value> gradients =
        Gradient.of(editor, scaled, trainable, packed.composites, packed.start());
    List<Value> outputs = new ArrayList<>(List.of(packed.named(loss.output(), LOSS)));
    for (int i = 0; i < trainable.size(); i++) {
      outputs.add(packed.named(gradients.get(i), gradient(trainable.get(i).name())));
    }
    exactProducts(editor);
    ResidualNorms.fuse(editor);
    return editor.finish(outputs, POSITIONS);
  }

  /**
   * Products that round their input take real numbers instead. The backward pass has its own
   * reading of the weight by then, so no weight lives in real numbers from one pass to the other.
   */
  private static void exactProducts(GraphEditor editor) {
    for (Node node : editor.nodes()) {
      if (node.key().equals("com.microsoft:MatMulNBits")
          && node.integer("accuracy_level", 0) > FLOAT32_LEVEL) {
        QuantisedWeight weight = new QuantisedWeight(editor, node);
        Node exact = weight.exact(weight.values("forward"));
        editor.remove(node);
        editor.add(exact);
      }
    }
  }

  /** Where the prompt is in the sequence, the text's rows depend on it from the first attention. */
  private Optional<TrainableStart> start() {
    return Optional.of(entry.values())
        .filter(values -> entry.kind() == PackedEntry.Kind.ROWS)
        .map(values -> new Ops(editor).sizes(values, 0, 1))
        .map(count -> new TrainableStart(sequence, PackedLayout.N, PackedLayout.P, count));
  }

  private Optional<Value> vocabularyBias(boolean biased) {
    return biased
        ? Optional.of(editor.input(VOCABULARY_BIAS, DataType.FLOAT, logits.shape().at(2)))
        : Optional.empty();
  }

  private boolean computesInHalf(Graph exported) {
    return exported.nodesOf(ATTENTION).stream()
        .anyMatch(node -> editor.value(node.input(1)).type() != DataType.FLOAT);
  }

  /** The output that is the derivative of {@link #LOSS} with respect to the input {@code name}. */
  public static String gradient(String name) {
    return name + ".gradient";
  }

  private Value labelLogits() {
    Value found = editor.value(LOGITS);
    LabelRows.Attention last =
        new LabelRows.Attention() {
          @Override
          public boolean canAsk(Node node) {
            return node.key().equals(ATTENTION) && PackedAttention.canAskForLabels(node);
          }

          @Override
          public Value of(Node node, Value queries) {
            return attention(node, Optional.of(queries));
          }
        };
    Value restricted = LabelRows.hoist(editor, found, "logit_positions", layout.labels(), last);
    long vocabulary = found.shape().at(2).size();
    return editor.define(
        restricted.name(), DataType.FLOAT, Shape.of(1, PackedLayout.LABELS, vocabulary));
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
