package dev.preamble.onnx.packed;

import static dev.preamble.onnx.packed.PackedLayout.P;
import static dev.preamble.onnx.packed.PackedLayout.S;

import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Backward;
import dev.preamble.onnx.gradient.Composite;
import java.util.List;
import java.util.Optional;

/**
 * Attention that knows the rows of a packed batch, in place of one GroupQueryAttention node.
 *
 * <p>The prompt attends to itself ({@link PromptAttention}), or is given as keys and values; each
 * row's token attends to the whole prompt and to what precedes it in its row. All rows' queries
 * meet the prompt's keys in one product per key/value head, so nothing is expanded and the sum of
 * the rows' gradients happens inside the backward product. One softmax runs over both blocks of
 * scores. Where only labels' positions are asked for, theirs are the only queries, in slots of
 * their own; a label's position may then be one of the prompt.
 *
 * <p>K key/value heads of D elements, each read by g query heads. Softmax's derivative uses sum(dP
 * P) = sum(dO O), which is D elements a query instead of P + S (Dao et al. 2022, FlashAttention,
 * appendix B.2).
 */
final class PackedAttention implements Composite {
  private static final int ATTENTION_BIAS = 10;
  private static final int HEAD_SINK = 11;

  // The order of what is joined.
  private static final int QUERIES = 0;
  private static final int KEYS = 1;
  private static final int VALUES = 2;

  /** Keys and values [P, K * D] of one layer that stand in front of every row. */
  record Prefix(Value keys, Value values) {}

  private final Ops ops;
  private final Heads heads;
  private final Heads asking;
  private final Scores scoring;
  private final Value query;
  private final Value key;
  private final Value value;
  private final Optional<JoinedHeads> joined;
  private final Optional<Prefix> prefix;
  private final Value output;

  // Forward values that the backward reads.
  private final Optional<PromptAttention> prompt;
  private final Value promptKeys;
  private final Value promptValues;
  private final Value textQueries;
  private final Value textKeys;
  private final Value textValues;
  private final SoftCap.Capped scoresOnPrompt;
  private final SoftCap.Capped scoresOnText;
  private final Value weightsOnPrompt;
  private final Value weightsOnText;
  private final Value textOutput;

  /**
   * Row-aware attention for the place of {@code node}.
   *
   * @param prefix what stands in front of the rows, where the prompt's own rows are not in the
   *     sequence
   * @param ofLabels the queries of the labels' positions [1, n, heads * D], if these alone ask
   */
  PackedAttention(
      GraphEditor editor,
      Node node,
      PackedLayout layout,
      Optional<Prefix> prefix,
      Optional<Value> ofLabels) {
    refuse(node, "do_rotary", node.integer("do_rotary", 0) != 0);
    refuse(node, "smooth_softmax", node.integer("smooth_softmax", 0) != 0);
    refuse(node, "the packed form of queries, keys and values", !node.has(1));
    refuse(node, "an attention sink", node.has(HEAD_SINK));
    this.ops = new Ops(editor);
    this.prefix = prefix;
    this.query = ofLabels.orElse(editor.value(node.input(0)));
    this.key = editor.value(node.input(1));
    this.value = editor.value(node.input(2));
    int kvHeads = Math.toIntExact(node.integer("kv_num_heads", 0));
    int group = Math.toIntExact(node.integer("num_heads", 0) / kvHeads);
    int headSize = Math.toIntExact(key.shape().at(-1).size() / kvHeads);
    this.heads = new Heads(ops, layout.places(), kvHeads, group, headSize);
    this.asking =
        ofLabels.isPresent()
            ? new Heads(ops, layout.labelPlaces(), kvHeads, group, headSize)
            : heads;
    float given = node.real("scale", 0);
    this.scoring =
        new Scores(
            ops,
            given == 0 ? (float) (1 / Math.sqrt(headSize)) : given,
            new SoftCap(ops, node.real("softcap", 0)),
            layout.masks(),
            new PackedMasks.Attending(
                group,
                kvHeads,
                Optional.of(node.integer("local_window_size", -1)).filter(w -> w > 0),
                bias(node)));

    joined =
        ofLabels.isPresent()
            ? Optional.empty()
            : JoinedHeads.of(editor, heads, List.of(query, key, value));
    promptKeys =
        prefix.map(rows -> heads.ofPrompt(rows.keys())).orElseGet(() -> ofPrompt(key, KEYS));
    promptValues =
        prefix.map(rows -> heads.ofPrompt(rows.values())).orElseGet(() -> ofPrompt(value, VALUES));
    prompt =
        prefix.isPresent() || ofLabels.isPresent()
            ? Optional.empty()
            : Optional.of(
                new PromptAttention(scoring, ofPrompt(query, QUERIES), promptKeys, promptValues));

    textQueries = ofText(asking, query, QUERIES);
    textKeys = ofText(heads, key, KEYS);
    textValues = ofText(heads, value, VALUES);
    scoresOnText = scoring.of(textQueries, textKeys);
    scoresOnPrompt = scoring.of(heads.joinRows(textQueries), promptKeys);
    Value onPrompt = scoresOnPrompt.scores();
    Value perRow = ops.concat(0, ops.sizes(textQueries, 0, 3), ops.sizes(promptKeys, 1, 2));
    Value weights =
        ops.softmax(
            ops.concat(
                3,
                scoring.masked(
                    ops.reshape(onPrompt, textQueries.shape().with(-1, P), perRow),
                    ofLabels.isPresent()
                        ? PackedMasks.Block.LABELS_ON_PROMPT
                        : PackedMasks.Block.TEXT_ON_PROMPT),
                scoring.masked(
                    scoresOnText.scores(),
                    ofLabels.isPresent()
                        ? PackedMasks.Block.LABELS_ON_TEXT
                        : PackedMasks.Block.TEXT_ON_TEXT)));
    Value promptAndRow = ops.concat(0, ops.sizes(promptKeys, 1, 2), ops.sizes(textKeys, 2, 3));
    List<Value> parts = ops.split(weights, 3, promptAndRow, P, S);
    weightsOnPrompt = ops.reshape(parts.get(0), onPrompt.shape(), ops.sizes(onPrompt, 0, 3));
    weightsOnText = parts.get(1);
    textOutput =
        ops.add(
            splitRows(ops.matMul(weightsOnPrompt, promptValues)),
            ops.matMul(weightsOnText, textValues));

    output = asking.packed(prompt.map(PromptAttention::output), textOutput, group, query.shape());
  }

  private Value ofPrompt(Value packed, int index) {
    return joined.map(all -> all.ofPrompt(index)).orElseGet(() -> heads.ofPrompt(packed));
  }

  private Value ofText(Heads layout, Value packed, int index) {
    return joined.map(all -> all.ofText(index)).orElseGet(() -> layout.ofText(packed));
  }

  /** Whether labels' positions alone can ask: a bias is there for all positions only. */
  static boolean canAskForLabels(Node node) {
    return bias(node).isEmpty();
  }

  private static Optional<String> bias(Node node) {
    return Optional.of(ATTENTION_BIAS).filter(node::has).map(node::input);
  }

  @Override
  public Value output() {
    return output;
  }

  @Override
  public void differentiate(Value upstream, Backward backward) {
    Value gText = asking.ofTextZeroed(upstream);
    Value gTextJoined = heads.joinRows(gText);
    float scale = scoring.scale();

    // The text's queries: through both blocks of scores.
    Value sum = ops.sum(ops.mul(gText, textOutput), -1);
    Value dOnText = scoring.back(weightsOnText, gText, textValues, sum, scoresOnText);
    Value dOnPrompt =
        scoring.back(
            weightsOnPrompt, gTextJoined, promptValues, heads.joinRows(sum), scoresOnPrompt);
    Value dTextQueries =
        ops.add(
            splitRows(ops.matMul(dOnPrompt, false, promptKeys, false, scale)),
            ops.matMul(dOnText, false, textKeys, false, scale));
    Value dTextKeys = ops.matMul(dOnText, true, textQueries, false, scale);
    Value dTextValues = ops.matMul(weightsOnText, true, gText, false, 1);

    // What the text asks of the prompt's keys and values.
    Value dKeys = ops.matMul(dOnPrompt, true, heads.joinRows(textQueries), false, scale);
    Value dValues = ops.matMul(weightsOnPrompt, true, gTextJoined, false, 1);
    prefix.ifPresent(
        given -> {
          backward.give(given.keys(), heads.toPrompt(dKeys, 1));
          backward.give(given.values(), heads.toPrompt(dValues, 1));
        });
    Optional<PromptAttention.Derivatives> own =
        prompt.map(rows -> rows.differentiate(heads.ofPrompt(upstream), dKeys, dValues));

    Optional<Value> dPromptQueries = own.map(PromptAttention.Derivatives::queries);
    Optional<Value> dPromptKeys =
        own.map(PromptAttention.Derivatives::keys).or(() -> ofPrompt(dKeys));
    Optional<Value> dPromptValues =
        own.map(PromptAttention.Derivatives::values).or(() -> ofPrompt(dValues));
    if (joined.isPresent()) {
      joined
          .get()
          .give(
              backward,
              List.of(dPromptQueries, dPromptKeys, dPromptValues),
              List.of(dTextQueries, dTextKeys, dTextValues));
    } else {
      give(backward, asking, query, dPromptQueries, dTextQueries);
      give(backward, heads, key, dPromptKeys, dTextKeys);
      give(backward, heads, value, dPromptValues, dTextValues);
    }
  }

  /** {@code derivative}, where the prompt is in the sequence. */
  private Optional<Value> ofPrompt(Value derivative) {
    return prefix.isPresent() ? Optional.empty() : Optional.of(derivative);
  }

  private static void give(
      Backward backward, Heads layout, Value input, Optional<Value> ofPrompt, Value ofText) {
    int perKvHead = layout.perKvHead(input);
    if (backward.hasLeadingRowsAlone(input)) {
      Value rows = layout.toPrompt(ofPrompt.orElseThrow(), perKvHead);
      backward.give(input, layout.ops().unsqueeze(rows, 0));
    } else if (backward.wants(input)) {
      backward.give(input, layout.packed(ofPrompt, ofText, perKvHead, input.shape()));
    }
  }

  /** [K, B * g * S, D] to [K, B, g * S, D]. */
  private Value splitRows(Value joined) {
    return ops.reshape(joined, textQueries.shape(), ops.sizes(textQueries, 0, 4));
  }

  private static void refuse(Node node, String what, boolean found) {
    if (found) {
      throw new GraphException(
          "Attention node %s: training does not know %s; found %s"
              .formatted(node.output(0), what, node));
    }
  }
}
