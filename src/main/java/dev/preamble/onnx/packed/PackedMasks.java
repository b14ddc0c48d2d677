package dev.preamble.onnx.packed;

import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is added to attention's scores in a packed batch: minus infinity where a position does not
 * see another, and a bias such as ALiBi's. Prompt and text of a row share one axis of positions: 0
 * … P-1, then the row's tokens from P on, so a window that is short enough hides early prompt rows
 * from late tokens.
 */
final class PackedMasks {
  /** Which queries meet which keys. */
  enum Block {
    PROMPT_ON_PROMPT,
    TEXT_ON_PROMPT,
    TEXT_ON_TEXT,
    /** Positions of labels alone, of the prompt or the text. */
    LABELS_ON_PROMPT,
    LABELS_ON_TEXT;

    private boolean ofText() {
      return this == TEXT_ON_TEXT || this == LABELS_ON_TEXT;
    }
  }

  /**
   * How a node attends.
   *
   * @param group query heads of a key/value head
   * @param kvHeads key/value heads
   * @param window how many positions a position sees, itself included, if not all before it
   * @param bias name of the exported bias [1, heads, sequence, total], if there is one
   */
  record Attending(int group, int kvHeads, Optional<Long> window, Optional<String> bias) {}

  private record Key(Block block, Attending attending) {}

  private final Ops ops;
  private final PositionBias biases;
  private final Value promptPositions;
  private final Value textPositions;
  private final Value labelPositions;
  private final Value promptSize;
  private final Map<Key, Optional<Value>> made = new HashMap<>();

  /**
   * @param prompt any value whose first dimension is P
   * @param slots [B, S]
   * @param labelPositions [B, L]: the position of each label's slot, any in an empty one
   */
  PackedMasks(GraphEditor editor, Value prompt, Value slots, Value labelPositions) {
    ops = new Ops(editor);
    promptSize = ops.sizes(prompt, 0, 1);
    promptPositions = ops.positions(prompt, 0);
    textPositions = ops.add(ops.positions(slots, 1), promptSize);
    this.labelPositions = labelPositions;
    biases = new PositionBias(editor, ops.concat(0, promptPositions, textPositions));
  }

  /**
   * What is added to the scores of {@code block}, nothing where every position sees every other.
   * The second last dimension holds g query heads one after the other.
   *
   * @return [g * queries, keys], for labels [B, g * queries, keys], or with a bias [K, g * queries,
   *     keys] for the prompt's queries and [K, 1, g * queries, keys] for the text's
   */
  Optional<Value> of(Block block, Attending attending) {
    return made.computeIfAbsent(new Key(block, attending), key -> make(block, attending));
  }

  private Optional<Value> make(Block block, Attending attending) {
    Optional<Value> mask = hidden(block, attending.window()).map(each -> ofGroup(each, attending));
    Optional<Value> bias = attending.bias().map(name -> bias(block, attending, name));
    return bias.isEmpty()
        ? mask
        : bias.map(added -> mask.map(m -> ops.add(added, ops.cast(m, added.type()))).orElse(added));
  }

  /** What is the same for each query head, [..., queries, keys] to [..., g * queries, keys]. */
  private Value ofGroup(Value mask, Attending attending) {
    return ops.repeat(mask, mask.shape().rank() - 2, attending.group());
  }

  /**
   * {@code low} where a label's position is of the text, minus infinity where it is of the prompt,
   * [B, g * L, 1].
   */
  Value ifOfText(float low, Attending attending) {
    Value ofText = ops.greaterOrEqual(ops.unsqueeze(labelPositions, 2), promptSize);
    Value none = ops.real(Float.NEGATIVE_INFINITY);
    return ofGroup(ops.where(ofText, ops.real(low), none), attending);
  }

  private Value queries(Block block) {
    return switch (block) {
      case PROMPT_ON_PROMPT -> promptPositions;
      case TEXT_ON_PROMPT, TEXT_ON_TEXT -> textPositions;
      case LABELS_ON_PROMPT, LABELS_ON_TEXT -> labelPositions;
    };
  }

  /**
   * [..., queries, keys]: 0 where the query's position sees the key's, minus infinity elsewhere.
   */
  private Optional<Value> hidden(Block block, Optional<Long> window) {
    if (block == Block.TEXT_ON_PROMPT && window.isEmpty()) {
      return Optional.empty();
    }
    Value queries = queries(block);
    Value keys = block.ofText() ? textPositions : promptPositions;
    Value distance =
        ops.sub(ops.unsqueeze(queries, queries.shape().rank()), ops.unsqueeze(keys, 0));
    Value none = ops.real(Float.NEGATIVE_INFINITY);
    Value mask = ops.where(ops.greaterOrEqual(distance, ops.scalar(0)), ops.real(0), none);
    return Optional.of(
        window
            .map(w -> ops.where(ops.greaterOrEqual(distance, ops.scalar(w)), none, mask))
            .orElse(mask));
  }

  private Value bias(Block block, Attending attending, String name) {
    Value all = biases.of(name);
    boolean prompt = block == Block.PROMPT_ON_PROMPT;
    Value rows = part(all, 2, prompt);
    Value cut = part(rows, 3, !block.ofText());
    long heads = attending.kvHeads();
    Shape.Dimension last = cut.shape().at(3);
    String joined = attending.group() + "*" + cut.shape().at(2);
    Value queries = ops.mul(ops.longs(attending.group()), ops.sizes(cut, 2, 3));
    Value keys = ops.sizes(cut, 3, 4);
    Value shape =
        prompt
            ? ops.concat(0, ops.longs(heads), queries, keys)
            : ops.concat(0, ops.longs(heads, 1), queries, keys);
    return ops.reshape(
        cut, prompt ? Shape.of(heads, joined, last) : Shape.of(heads, 1, joined, last), shape);
  }

  /** The prompt's positions along {@code axis}, or the text's. */
  private Value part(Value all, int axis, boolean prompt) {
    List<Value> parts =
        ops.split(
            all,
            axis,
            ops.concat(0, promptSize, ops.sub(ops.sizes(all, axis, axis + 1), promptSize)),
            PackedLayout.P,
            PackedLayout.S);
    return parts.get(prompt ? 0 : 1);
  }
}
