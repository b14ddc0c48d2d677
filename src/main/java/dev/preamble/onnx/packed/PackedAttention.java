package dev.preamble.onnx.packed;

import static dev.preamble.onnx.packed.PackedLayout.B;
import static dev.preamble.onnx.packed.PackedLayout.N;
import static dev.preamble.onnx.packed.PackedLayout.P;
import static dev.preamble.onnx.packed.PackedLayout.S;

import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Backward;
import dev.preamble.onnx.gradient.Composite;
import java.util.List;
import java.util.Optional;

/**
 * Attention that knows the rows of a packed batch, in place of one GroupQueryAttention node.
 *
 * <p>The prompt attends to itself; each row's token attends to the whole prompt and to what
 * precedes it in its row. All rows' queries meet the prompt's keys in one product per key/value
 * head, so nothing is expanded and the sum of the rows' gradients happens inside the backward
 * product. One softmax runs over both blocks of scores.
 *
 * <p>K key/value heads of D elements, each read by g query heads. Softmax's derivative uses sum(dP
 * P) = sum(dO O), which is D elements a query instead of P + S (Dao et al. 2022, FlashAttention,
 * appendix B.2).
 */
final class PackedAttention implements Composite {
  private static final int ATTENTION_BIAS = 10;
  private static final int HEAD_SINK = 11;

  private final PackedLayout layout;
  private final Ops ops;
  private final SoftCap cap;
  private final PackedMasks.Attending attending;
  private final int kvHeads;
  private final int group;
  private final int headSize;
  private final float scale;
  private final Value query;
  private final Value key;
  private final Value value;
  private final Value output;

  // Forward values that the backward reads.
  private final Value promptQueries;
  private final Value promptKeys;
  private final Value promptValues;
  private final SoftCap.Capped promptScores;
  private final Value promptWeights;
  private final Value promptOutput;
  private final Value textQueries;
  private final Value textKeys;
  private final Value textValues;
  private final SoftCap.Capped scoresOnPrompt;
  private final SoftCap.Capped scoresOnText;
  private final Value weightsOnPrompt;
  private final Value weightsOnText;
  private final Value textOutput;

  /** Puts row-aware attention in the place of {@code node}. */
  PackedAttention(GraphEditor editor, Node node, PackedLayout layout) {
    refuse(node, "do_rotary", node.integer("do_rotary", 0) != 0);
    refuse(node, "smooth_softmax", node.integer("smooth_softmax", 0) != 0);
    refuse(node, "the packed form of queries, keys and values", !node.has(1));
    refuse(node, "an attention sink", node.has(HEAD_SINK));
    this.layout = layout;
    this.ops = layout.ops();
    this.query = editor.value(node.input(0));
    this.key = editor.value(node.input(1));
    this.value = editor.value(node.input(2));
    this.kvHeads = Math.toIntExact(node.integer("kv_num_heads", 0));
    this.group = Math.toIntExact(node.integer("num_heads", 0) / kvHeads);
    this.headSize = Math.toIntExact(key.shape().at(-1).size() / kvHeads);
    float given = node.real("scale", 0);
    this.scale = given == 0 ? (float) (1 / Math.sqrt(headSize)) : given;
    this.cap = new SoftCap(ops, node.real("softcap", 0));
    this.attending =
        new PackedMasks.Attending(
            group,
            kvHeads,
            Optional.of(node.integer("local_window_size", -1)).filter(w -> w > 0),
            Optional.of(ATTENTION_BIAS).filter(node::has).map(node::input));

    List<Value> queries = layout.split(flat(query));
    List<Value> keys = layout.split(flat(key));
    List<Value> values = layout.split(flat(value));

    promptQueries = promptHeads(queries.get(0));
    promptKeys = promptHeads(keys.get(0));
    promptValues = promptHeads(values.get(0));
    promptScores = scores(promptQueries, promptKeys);
    promptWeights = ops.softmax(masked(promptScores.scores(), PackedMasks.Block.PROMPT_ON_PROMPT));
    promptOutput = ops.matMul(promptWeights, promptValues);

    textQueries = textHeads(layout.toSlots(queries.get(1)));
    textKeys = textHeads(layout.toSlots(keys.get(1)));
    textValues = textHeads(layout.toSlots(values.get(1)));
    scoresOnText = scores(textQueries, textKeys);
    scoresOnPrompt = scores(joinRows(textQueries), promptKeys);
    Value onPrompt = scoresOnPrompt.scores();
    Value perRow = ops.concat(0, ops.sizes(textQueries, 0, 3), ops.sizes(promptKeys, 1, 2));
    Value weights =
        ops.softmax(
            ops.concat(
                3,
                masked(
                    ops.reshape(onPrompt, textQueries.shape().with(-1, P), perRow),
                    PackedMasks.Block.TEXT_ON_PROMPT),
                masked(scoresOnText.scores(), PackedMasks.Block.TEXT_ON_TEXT)));
    Value promptAndRow = ops.concat(0, ops.sizes(promptKeys, 1, 2), ops.sizes(textKeys, 2, 3));
    List<Value> parts = ops.split(weights, 3, promptAndRow, P, S);
    weightsOnPrompt = ops.reshape(parts.get(0), onPrompt.shape(), ops.sizes(onPrompt, 0, 3));
    weightsOnText = parts.get(1);
    textOutput =
        ops.add(
            splitRows(ops.matMul(weightsOnPrompt, promptValues)),
            ops.matMul(weightsOnText, textValues));

    Value text = layout.fromSlots(fromTextHeads(textOutput));
    Value packed = ops.concat(0, fromPromptHeads(promptOutput), text);
    Value found = editor.value(node.output(0));
    this.output = ops.reshape(packed, found.shape(), 1, -1, width(kvHeads * group));
    editor.remove(node);
    editor.redirect(found.name(), output.name());
  }

  @Override
  public Value output() {
    return output;
  }

  @Override
  public void differentiate(Value upstream, Backward backward) {
    List<Value> g = layout.split(flat(upstream));
    Value gPrompt = promptHeads(g.get(0));
    Value gText = textHeads(layout.toZeroedSlots(g.get(1)));
    Value gTextJoined = joinRows(gText);
    Value queriesJoined = joinRows(textQueries);

    // The text's queries: through both blocks of scores.
    Value sum = ops.sum(ops.mul(gText, textOutput), -1);
    Value dOnText =
        cap.back(
            ops.mul(weightsOnText, ops.sub(ops.matMul(gText, false, textValues, true, 1), sum)),
            scoresOnText);
    Value dOnPrompt =
        cap.back(
            ops.mul(
                weightsOnPrompt,
                ops.sub(ops.matMul(gTextJoined, false, promptValues, true, 1), joinRows(sum))),
            scoresOnPrompt);
    Value dTextQueries =
        ops.add(
            splitRows(ops.matMul(dOnPrompt, false, promptKeys, false, scale)),
            ops.matMul(dOnText, false, textKeys, false, scale));
    Value dTextKeys = ops.matMul(dOnText, true, textQueries, false, scale);
    Value dTextValues = ops.matMul(weightsOnText, true, gText, false, 1);

    // The prompt's own attention, and what the text asks of the prompt's keys and values.
    Value promptSum = ops.sum(ops.mul(gPrompt, promptOutput), -1);
    Value dOwn =
        cap.back(
            ops.mul(
                promptWeights,
                ops.sub(ops.matMul(gPrompt, false, promptValues, true, 1), promptSum)),
            promptScores);
    Value dPromptQueries = ops.matMul(dOwn, false, promptKeys, false, scale);
    Value dPromptKeys =
        ops.add(
            ops.matMul(dOwn, true, promptQueries, false, scale),
            ops.matMul(dOnPrompt, true, queriesJoined, false, scale));
    Value dPromptValues =
        ops.add(
            ops.matMul(promptWeights, true, gPrompt, false, 1),
            ops.matMul(weightsOnPrompt, true, gTextJoined, false, 1));

    give(backward, query, dPromptQueries, dTextQueries);
    give(backward, key, dPromptKeys, dTextKeys);
    give(backward, value, dPromptValues, dTextValues);
  }

  private void give(Backward backward, Value input, Value prompt, Value text) {
    if (backward.wants(input)) {
      Value packed = ops.concat(0, fromPromptHeads(prompt), layout.fromSlots(fromTextHeads(text)));
      backward.give(input, ops.reshape(packed, input.shape(), 1, -1, input.shape().at(-1).size()));
    }
  }

  /** [1, N, width] to [N, width]. */
  private Value flat(Value packed) {
    long width = packed.shape().at(-1).size();
    return ops.reshape(packed, Shape.of(N, width), -1, width);
  }

  /** [P, heads * D] to [K, heads / K * P, D]. */
  private Value promptHeads(Value rows) {
    long perKvHead = rows.shape().at(-1).size() / headSize / kvHeads;
    Value split =
        ops.reshape(
            rows, Shape.of(P, kvHeads, perKvHead, headSize), -1, kvHeads, perKvHead, headSize);
    Value turned = ops.transpose(split, 1, 2, 0, 3);
    Shape.Dimension joined = perKvHead == 1 ? P : Shape.Dimension.of(perKvHead + "*P");
    return ops.reshape(turned, Shape.of(kvHeads, joined, headSize), kvHeads, -1, headSize);
  }

  /** [K, heads / K * P, D] to [P, heads * D]. */
  private Value fromPromptHeads(Value heads) {
    boolean perQuery = heads.shape().at(1).equals(promptQueries.shape().at(1));
    int perKvHead = perQuery ? group : 1;
    Value split =
        ops.reshape(
            heads, Shape.of(kvHeads, perKvHead, P, headSize), kvHeads, perKvHead, -1, headSize);
    return ops.reshape(
        ops.transpose(split, 2, 0, 1, 3),
        Shape.of(P, width(kvHeads * perKvHead)),
        -1,
        width(kvHeads * perKvHead));
  }

  /** [B, S, heads * D] to [K, B, heads / K * S, D]. */
  private Value textHeads(Value slots) {
    long perKvHead = slots.shape().at(-1).size() / headSize / kvHeads;
    Value split =
        ops.reshape(
            slots,
            Shape.of(B, S, kvHeads, perKvHead, headSize),
            0,
            0,
            kvHeads,
            perKvHead,
            headSize);
    Value turned = ops.transpose(split, 2, 0, 3, 1, 4);
    Shape.Dimension joined = perKvHead == 1 ? S : Shape.Dimension.of(perKvHead + "*S");
    return ops.reshape(turned, Shape.of(kvHeads, B, joined, headSize), 0, 0, -1, headSize);
  }

  /** [K, B, heads / K * S, D] to [B * S, heads * D]. */
  private Value fromTextHeads(Value heads) {
    boolean perQuery = heads.shape().at(2).equals(textQueries.shape().at(2));
    int perKvHead = perQuery ? group : 1;
    Value split =
        ops.reshape(
            heads, Shape.of(kvHeads, B, perKvHead, S, headSize), 0, 0, perKvHead, -1, headSize);
    return ops.reshape(
        ops.transpose(split, 1, 3, 0, 2, 4),
        Shape.of("B*S", width(kvHeads * perKvHead)),
        -1,
        width(kvHeads * perKvHead));
  }

  /** [K, B, g * S, last] to [K, B * g * S, last], the last size known. */
  private Value joinRows(Value perRow) {
    long last = perRow.shape().at(-1).size();
    return ops.reshape(perRow, Shape.of(kvHeads, "B*g*S", last), 0, -1, last);
  }

  /** [K, B * g * S, D] to [K, B, g * S, D]. */
  private Value splitRows(Value joined) {
    return ops.reshape(joined, textQueries.shape(), ops.sizes(textQueries, 0, 4));
  }

  /** Queries times keys, scaled and capped. */
  private SoftCap.Capped scores(Value queries, Value keys) {
    return cap.of(ops.matMul(queries, false, keys, true, cap.factor(scale)));
  }

  private Value masked(Value scores, PackedMasks.Block block) {
    Optional<Value> mask = layout.masks().of(block, attending);
    if (mask.isEmpty()) {
      return scores;
    }
    Value sum = ops.add(scores, mask.get());
    return new Value(sum.name(), sum.type(), scores.shape());
  }

  private long width(int heads) {
    return (long) heads * headSize;
  }

  private static void refuse(Node node, String what, boolean found) {
    if (found) {
      throw new GraphException(
          "Attention node %s: training does not know %s; found %s"
              .formatted(node.output(0), what, node));
    }
  }
}
