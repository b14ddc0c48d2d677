package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;

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

  private final HeadPlaces places;
  private final PackedMasks masks;

  /**
   * @param kind whether the prompt's rows are in the sequence
   * @param prompt any value whose first dimension is P
   */
  PackedLayout(GraphEditor editor, PackedEntry.Kind kind, Value prompt) {
    Value slots = editor.input(PackedGraph.SLOTS, DataType.INT64, B, S);
    Value slotOf = editor.input(PackedGraph.SLOT_OF, DataType.INT64, T);
    places = new HeadPlaces(editor, slots, slotOf, prompt, kind == PackedEntry.Kind.ROWS);
    masks = new PackedMasks(editor, prompt, slots);
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
