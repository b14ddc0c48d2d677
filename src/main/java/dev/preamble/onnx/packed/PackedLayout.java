package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;

/**
 * Where the tokens of a packed batch are, shared by all layers. Sizes: P prompt rows, T text
 * tokens, N = P + T (or T, where the prompt is given as keys and values), B batch rows, S tokens of
 * the longest row, n labels of which the row that has most has L.
 */
final class PackedLayout {
  static final Shape.Dimension P = Shape.Dimension.of("P");
  static final Shape.Dimension T = Shape.Dimension.of("T");
  static final Shape.Dimension N = Shape.Dimension.of("N");
  static final Shape.Dimension B = Shape.Dimension.of("B");
  static final Shape.Dimension S = Shape.Dimension.of("S");
  static final Shape.Dimension LABELS = Shape.Dimension.of("n");
  static final Shape.Dimension L = Shape.Dimension.of("L");

  private final HeadPlaces places;
  private final HeadPlaces labelPlaces;
  private final Value labels;
  private final PackedMasks masks;

  /**
   * @param kind whether the prompt's rows are in the sequence
   * @param prompt any value whose first dimension is P
   */
  PackedLayout(GraphEditor editor, PackedEntry.Kind kind, Value prompt) {
    Value slots = editor.input(PackedGraph.SLOTS, DataType.INT64, B, S);
    Value slotOf = editor.input(PackedGraph.SLOT_OF, DataType.INT64, T);
    places = new HeadPlaces(editor, slots, slotOf, prompt, kind == PackedEntry.Kind.ROWS);
    labels = editor.input(PackedGraph.LABEL_POSITIONS, DataType.INT64, LABELS);
    Value labelSlots = editor.input(PackedGraph.LABEL_SLOTS, DataType.INT64, B, L);
    Value labelSlotOf = editor.input(PackedGraph.LABEL_SLOT_OF, DataType.INT64, LABELS);
    labelPlaces = new HeadPlaces(editor, labelSlots, labelSlotOf, prompt, false);
    Ops ops = new Ops(editor);
    Value positions = ops.reshape(editor.value(PackedGraph.POSITIONS), Shape.of(N), -1);
    Value asking = ops.gather(ops.gather(positions, labels, 0), labelSlots, 0);
    masks = new PackedMasks(editor, prompt, slots, asking);
  }

  /** The packed positions whose logits are wanted, [n]. */
  Value labels() {
    return labels;
  }

  /** Where the heads of each label's position are. */
  HeadPlaces labelPlaces() {
    return labelPlaces;
  }

  /** Where each token's heads are. */
  HeadPlaces places() {
    return places;
  }

  /** What each position sees of the others, and what is added to their scores. */
  PackedMasks masks() {
    return masks;
  }
}
