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
 * scores.
 *
 * <p>K key/value heads of D elements, each read by g query heads. Softmax's derivative uses sum(dP
 * P) = sum(dO O), which is D elements a query instead of P + S (Dao et al. 2022, FlashAttention,
 * appendix B.2).
 */
final class PackedAttention implements Composite {
  private static final int ATTENTION_BIAS = 10;
  private static final int HEAD_SINK = 11;

  /** Keys and values [P, K * D] of one layer that stand in front of every row. */
  record Prefix(Value keys, Value values) {}

  private final Ops ops;
  private final Heads heads;
  private final Scores scoring;
  private final Value query;
  private final Value key;
  private final Value value;
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
   * Puts row-aware attention in the place of {@code node}.
   *
   * @param prefix what stands in front of the rows, where the prompt's own rows are not in the
   *     sequence
   */
  PackedAttention(GraphEditor editor, Node node, PackedLayout layout, Optional<Prefix> prefix) {
    refuse(node, "do_rotary", node.integer("do_rotary", 0) != 0);
    refuse(node, "smooth_softmax", node.integer("smooth_softmax", 0) != 0);
    refuse(node, "the packed form of queries, keys and values", !node.has(1));
    refuse(node, "an attention sink", node.has(HEAD_SINK));
    this.ops = new Ops(editor);
    this.prefix = prefix;
    this.query = editor.value(node.input(0));
    this.key = editor.value(node.input(1));
    this.value = editor.value(node.input(2));
    int kvHeads = Math.toIntExact(node.integer("kv_num_heads", 0));
    int group = Math.toIntExact(node.integer("num_heads", 0) / kvHeads);
    int headSize = Math.toIntExact(key.shape().at(-1).size() / kvHeads);
    this.heads = new Heads(ops, layout.places(), kvHeads, group, headSize);
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
                Optional.of(ATTENTION_BIAS).filter(node::has).map(node::input)));

    promptKeys = heads.ofPrompt(prefix.map(Prefix::keys).orElse(key));
    promptValues = heads.ofPrompt(prefix.map(Prefix::values).orElse(value));
    prompt =
        prefix.isPresent()
            ? Optional.empty()
            : Optional.of(
                new PromptAttention(scoring, heads.ofPrompt(query), promptKeys, promptValues));

    textQueries = heads.ofText(query);
    textKeys = heads.ofText(key);
    textValues = heads.ofText(value);
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
                    PackedMasks.Block.TEXT_ON_PROMPT),
                scoring.masked(scoresOnText.scores(), PackedMasks.Block.TEXT_ON_TEXT)));
    Value promptAndRow = ops.concat(0, ops.sizes(promptKeys, 1, 2), ops.sizes(textKeys, 2, 3));
    List<Value> parts = ops.split(weights, 3, promptAndRow, P, S);
    weightsOnPrompt = ops.reshape(parts.get(0), onPrompt.shape(), ops.sizes(onPrompt, 0, 3));
    weightsOnText = parts.get(1);
    textOutput =
        ops.add(
            splitRows(ops.matMul(weightsOnPrompt, promptValues)),
            ops.matMul(weightsOnText, textValues));

    Value found = editor.value(node.output(0));
    this.output = heads.packed(prompt.map(PromptAttention::output), textOutput, group, found);
    editor.remove(node);
    editor.redirect(found.name(), output.name());
  }

  @Override
  public Value output() {
    return output;
  }

  @Override
  public void differentiate(Value upstream, Backward backward) {
    Value gText = heads.ofTextZeroed(upstream);
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

    give(
        backward,
        query,
        own.map(PromptAttention.Derivatives::queries),
        dTextQueries,
        heads.group());
    give(backward, key, own.map(PromptAttention.Derivatives::keys), dTextKeys, 1);
    give(backward, value, own.map(PromptAttention.Derivatives::values), dTextValues, 1);
  }

  private void give(
      Backward backward, Value input, Optional<Value> ofPrompt, Value ofText, int perKvHead) {
    if (backward.hasLeadingRowsAlone(input)) {
      Value rows = heads.toPrompt(ofPrompt.orElseThrow(), perKvHead);
      backward.give(input, ops.unsqueeze(rows, 0));
    } else if (backward.wants(input)) {
      backward.give(input, heads.packed(ofPrompt, ofText, perKvHead, input));
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
