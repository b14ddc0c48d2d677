package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.List;
import java.util.Optional;

/**
 * Where the tokens of a packed batch are, shared by all layers. Sizes: P prompt rows, T text
 * tokens, N = P + T (or T, where the prompt is given as keys and values), B batch rows, S tokens of
 * the longest row.
 */
final class PackedLayout {
  static final Shape.Dimension P = Shape.Dimension.of("P");
  static final Shape.Dimension T = Shape.Dimension.of("T");
  static final Shape.Dimension N = Shape.Dimension.of("N");
  static final Shape.Dimension B = Shape.Dimension.of("B");
  static final Shape.Dimension S = Shape.Dimension.of("S");

  private final Ops ops;
  private final Value slots;
  private final Value slotOf;
  private final Optional<Value> promptAndText;
  private final Value filled;
  private final PackedMasks masks;

  /** A packed value's rows of the prompt, where they are in the sequence, and those of the text. */
  record Parts(Optional<Value> prompt, Value text) {}

  /**
   * @param kind whether the prompt's rows are in the sequence
   * @param prompt any value whose first dimension is P
   * @param text any value whose first dimension is T
   */
  PackedLayout(GraphEditor editor, PackedEntry.Kind kind, Value prompt, Value text) {
    ops = new Ops(editor);
    slots = editor.input(PackedGraph.SLOTS, DataType.INT64, B, S);
    slotOf = editor.input(PackedGraph.SLOT_OF, DataType.INT64, T);
    promptAndText =
        kind == PackedEntry.Kind.ROWS
            ? Optional.of(ops.concat(0, ops.sizes(prompt, 0, 1), ops.sizes(text, 0, 1)))
            : Optional.empty();
    filled = ops.unsqueeze(ops.cast(ops.greaterOrEqual(slots, ops.scalar(0)), DataType.FLOAT), 2);
    masks = new PackedMasks(editor, prompt, slots);
  }

  Ops ops() {
    return ops;
  }

  /** [N, width] cut into the prompt's rows [P, width] and the text's [T, width]. */
  Parts split(Value packed) {
    if (promptAndText.isEmpty()) {
      return new Parts(Optional.empty(), packed);
    }
    List<Value> parts = ops.split(packed, 0, promptAndText.get(), P, T);
    return new Parts(Optional.of(parts.get(0)), parts.get(1));
  }

  /** The opposite of {@link #split}. */
  Value join(Optional<Value> prompt, Value text) {
    return prompt.map(rows -> ops.concat(0, rows, text)).orElse(text);
  }

  /** [T, width] laid out as [B, S, width]; empty slots hold some row's values. */
  Value toSlots(Value text) {
    return ops.gather(text, slots, 0);
  }

  /** As {@link #toSlots} with zeros in the empty slots. */
  Value toZeroedSlots(Value text) {
    return ops.mul(toSlots(text), ops.cast(filled, text.type()));
  }

  /** [B * S, width] back to [T, width]. */
  Value fromSlots(Value slotted) {
    return ops.gather(slotted, slotOf, 0);
  }

  /** What each position sees of the others, and what is added to their scores. */
  PackedMasks masks() {
    return masks;
  }
}
