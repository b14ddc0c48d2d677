package dev.preamble.onnx.packed;

import static dev.preamble.onnx.packed.PackedLayout.B;
import static dev.preamble.onnx.packed.PackedLayout.N;
import static dev.preamble.onnx.packed.PackedLayout.P;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.HashMap;
import java.util.List;
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
    JOINED,
    FILLED
  }

  /**
   * Which heads of a packed value are meant.
   *
   * @param kvHeads key/value heads
   * @param perKvHead heads of each
   * @param before heads of the same token in front of them
   * @param ofToken all heads of a token
   */
  record Part(int kvHeads, int perKvHead, int before, int ofToken) {
    /** All heads of a value. */
    static Part whole(int kvHeads, int perKvHead) {
      return new Part(kvHeads, perKvHead, 0, kvHeads * perKvHead);
    }

    int heads() {
      return kvHeads * perKvHead;
    }
  }

  private record Key(Form form, List<Part> parts) {
    Key(Form form, Part part) {
      this(form, List.of(part));
    }
  }

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
  Value ofPrompt(Part part) {
    int kvHeads = part.kvHeads();
    int perKvHead = part.perKvHead();
    return made.computeIfAbsent(
        new Key(Form.PROMPT, part),
        key -> {
          Value first = ops.mul(promptPositions, ops.scalar(part.ofToken()));
          Value rows = ops.add(counted(part, kvHeads, perKvHead, 1), first);
          return ops.reshape(rows, Shape.of(kvHeads, joined(perKvHead, P)), kvHeads, -1);
        });
  }

  /** [K, B, g * S]: the row of each of the text's heads; any row for an empty slot. */
  Value ofText(Part part) {
    int kvHeads = part.kvHeads();
    int perKvHead = part.perKvHead();
    return made.computeIfAbsent(
        new Key(Form.TEXT, part),
        key -> {
          Value tokens = promptSize.map(size -> ops.add(slots, size)).orElse(slots);
          Value first = ops.mul(tokens, ops.scalar(part.ofToken()));
          Value heads = counted(part, kvHeads, 1, perKvHead, 1);
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
        new Key(Form.PACKED, Part.whole(kvHeads, perKvHead)),
        key -> {
          Value text = textBehind(kvHeads, perKvHead);
          return promptSize
              .map(size -> ops.concat(0, promptFirst(size, kvHeads * perKvHead), text))
              .orElse(text);
        });
  }

  /**
   * [N * heads of a token]: where each packed row of a value of several {@code parts}, one behind
   * the other in each token, is among the first part's prompt and text as in {@link #packed},
   * behind them the second's and so on.
   */
  Value joined(List<Part> parts) {
    return made.computeIfAbsent(
        new Key(Form.JOINED, parts),
        key -> {
          Value text = ops.mul(ops.sizes(slots, 0, 1), ops.sizes(slots, 1, 2));
          Value rowsOfHead = promptSize.map(size -> ops.add(size, text)).orElse(text);
          Value[] all = new Value[parts.size()];
          for (int i = 0; i < all.length; i++) {
            Part part = parts.get(i);
            Value rows = packed(part.kvHeads(), part.perKvHead());
            Value start = ops.mul(rowsOfHead, ops.longs(part.before()));
            Shape ofTokens = Shape.of(N, part.heads());
            all[i] = ops.reshape(ops.add(rows, start), ofTokens, -1, part.heads());
          }
          Value joined = ops.concat(1, all);
          return ops.reshape(joined, Shape.of(joined.shape().at(1) + "*N"), -1);
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
        new Key(Form.FILLED, Part.whole(1, perKvHead)),
        key -> {
          Value one = ops.cast(ops.greaterOrEqual(slots, ops.scalar(0)), DataType.FLOAT);
          return ops.unsqueeze(ops.repeat(one, 1, perKvHead), 0, 3);
        });
  }

  /** 0 … {@code count} - 1 in the given shape. */
  private Value counted(int count, long... shape) {
    return range(0, count, shape);
  }

  /** The places of the heads of {@code part} in their token. */
  private Value counted(Part part, long... shape) {
    return range(part.before(), part.before() + part.heads(), shape);
  }

  private Value range(int from, int to, long... shape) {
    Value numbers = ops.longs(LongStream.range(from, to).toArray());
    return shape.length == 1
        ? numbers
        : ops.reshape(numbers, Shape.of(LongStream.of(shape).boxed().toArray()), shape);
  }

  private static Shape.Dimension joined(int perKvHead, Shape.Dimension positions) {
    return perKvHead == 1 ? positions : Shape.Dimension.of(perKvHead + "*" + positions);
  }
}
