package dev.preamble.onnx.packed;

import static dev.preamble.onnx.packed.PackedLayout.B;
import static dev.preamble.onnx.packed.PackedLayout.P;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Where the heads of each token are, so that one gather takes a value from its packed form to the
 * form of attention's products or back; all layers share the indices.
 *
 * <p>K key/value heads have g heads of a value each. A packed value [1, N, K * g * D] is read as
 * rows of D elements: head h of token n is row n * K * g + h. What is said of the text here, of T
 * tokens in B rows of at most S, holds as well for what else has slots in rows.
 */
final class HeadPlaces {
  private enum Form {
    PROMPT,
    TEXT,
    PACKED,
    FILLED
  }

  private record Key(Form form, int kvHeads, int perKvHead) {}

  private final Ops ops;
  private final Value slots;
  private final Value slotOf;
  private final Value promptPositions;
  private final Optional<Value> promptSize;
  private final Map<Key, Value> made = new HashMap<>();

  /**
   * @param slots [B, S]
   * @param slotOf [T]
   * @param prompt any value whose first dimension is P
   * @param inSequence whether the prompt's rows stand in front of the text's
   */
  HeadPlaces(GraphEditor editor, Value slots, Value slotOf, Value prompt, boolean inSequence) {
    this.ops = new Ops(editor);
    this.slots = slots;
    this.slotOf = slotOf;
    promptPositions = ops.positions(prompt, 0);
    promptSize = inSequence ? Optional.of(ops.sizes(prompt, 0, 1)) : Optional.empty();
  }

  /** [K, g * P]: the row of each of the prompt's heads. */
  Value ofPrompt(int kvHeads, int perKvHead) {
    return made.computeIfAbsent(
        new Key(Form.PROMPT, kvHeads, perKvHead),
        key -> {
          Value first = ops.mul(promptPositions, ops.scalar((long) kvHeads * perKvHead));
          Value rows = ops.add(counted(kvHeads * perKvHead, kvHeads, perKvHead, 1), first);
          return ops.reshape(rows, Shape.of(kvHeads, joined(perKvHead, P)), kvHeads, -1);
        });
  }

  /** [K, B, g * S]: the row of each of the text's heads; any row for an empty slot. */
  Value ofText(int kvHeads, int perKvHead) {
    return made.computeIfAbsent(
        new Key(Form.TEXT, kvHeads, perKvHead),
        key -> {
          Value tokens = promptSize.map(size -> ops.add(slots, size)).orElse(slots);
          Value first = ops.mul(tokens, ops.scalar((long) kvHeads * perKvHead));
          Value heads = counted(kvHeads * perKvHead, kvHeads, 1, perKvHead, 1);
          Value rows = ops.add(heads, ops.unsqueeze(first, 1));
          return ops.reshape(
              rows, Shape.of(kvHeads, B, joined(perKvHead, slots.shape().at(1))), 0, 0, -1);
        });
  }

  /**
   * [N * K * g]: where each packed row is among the prompt's [K, g * P] and, behind them, the
   * text's [K, B, g * S].
   */
  Value packed(int kvHeads, int perKvHead) {
    return made.computeIfAbsent(
        new Key(Form.PACKED, kvHeads, perKvHead),
        key -> {
          Value text = textBehind(kvHeads, perKvHead);
          return promptSize
              .map(size -> ops.concat(0, promptFirst(size, kvHeads * perKvHead), text))
              .orElse(text);
        });
  }

  private Value promptFirst(Value size, int heads) {
    Value starts = ops.mul(counted(heads, heads), size);
    Value rows = ops.add(ops.unsqueeze(promptPositions, 1), starts);
    return ops.reshape(rows, Shape.of(heads + "*P"), -1);
  }

  private Value textBehind(int kvHeads, int perKvHead) {
    Value longest = ops.sizes(slots, 1, 2);
    Value row = ops.div(slotOf, longest);
    Value inRow = ops.sub(slotOf, ops.mul(row, longest));
    Value perRow = ops.mul(longest, ops.longs(perKvHead));
    Value token = ops.add(inRow, ops.mul(row, perRow));
    Value perKvHeadRows = ops.mul(perRow, ops.sizes(slots, 0, 1));
    Value starts =
        ops.add(
            ops.mul(counted(kvHeads, kvHeads, 1), perKvHeadRows),
            ops.mul(counted(perKvHead, perKvHead), longest));
    long heads = (long) kvHeads * perKvHead;
    Value fromPrompt =
        promptSize.map(size -> ops.add(starts, ops.mul(size, ops.longs(heads)))).orElse(starts);
    Value rows = ops.add(ops.unsqueeze(token, 1, 2), fromPrompt);
    return ops.reshape(rows, Shape.of(heads + "*" + slotOf.shape().at(0)), -1);
  }

  /** float [1, B, g * S, 1]: 1 where a token is, 0 in an empty slot. */
  Value filled(int perKvHead) {
    return made.computeIfAbsent(
        new Key(Form.FILLED, 1, perKvHead),
        key -> {
          Value one = ops.cast(ops.greaterOrEqual(slots, ops.scalar(0)), DataType.FLOAT);
          return ops.unsqueeze(ops.repeat(one, 1, perKvHead), 0, 3);
        });
  }

  /** 0 … {@code count} - 1 in the given shape. */
  private Value counted(int count, long... shape) {
    Value numbers = ops.longs(LongStream.range(0, count).toArray());
    return shape.length == 1
        ? numbers
        : ops.reshape(numbers, Shape.of(LongStream.of(shape).boxed().toArray()), shape);
  }

  private static Shape.Dimension joined(int perKvHead, Shape.Dimension positions) {
    return perKvHead == 1 ? positions : Shape.Dimension.of(perKvHead + "*" + positions);
  }
}
