package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.List;

/**
 * Where the tokens of a packed batch are, shared by all layers. Sizes: P prompt rows, T text
 * tokens, N = P + T, B batch rows, S tokens of the longest row.
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
  private final Value promptAndText;
  private final Value filled;
  private final PackedMasks masks;

  /**
   * @param prompt any value whose first dimension is P
   * @param text any value whose first dimension is T
   */
  PackedLayout(GraphEditor editor, Value prompt, Value text) {
    ops = new Ops(editor);
    slots = editor.input(PackedGraph.SLOTS, DataType.INT64, B, S);
    slotOf = editor.input(PackedGraph.SLOT_OF, DataType.INT64, T);
    promptAndText = ops.concat(0, ops.sizes(prompt, 0, 1), ops.sizes(text, 0, 1));
    filled = ops.unsqueeze(ops.cast(ops.greaterOrEqual(slots, ops.scalar(0)), DataType.FLOAT), 2);
    masks = new PackedMasks(editor, prompt, slots);
  }

  Ops ops() {
    return ops;
  }

  /** [N, width] cut into the prompt's rows [P, width] and the text's [T, width]. */
  List<Value> split(Value packed) {
    return ops.split(packed, 0, promptAndText, P, T);
  }

  /** [T, width] laid out as [B, S, width]; empty slots hold some row's values. */
  Value toSlots(Value text) {
    return ops.gather(text, slots, 0);
  }

  /** As {@link #toSlots} with zeros in the empty slots. */
  Value toZeroedSlots(Value text) {
    return ops.mul(toSlots(text), filled);
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
