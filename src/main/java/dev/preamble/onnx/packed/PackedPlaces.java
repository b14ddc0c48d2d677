package dev.preamble.onnx.packed;

/**
 * Where the tokens of rows stand in a packed batch: what is fed as {@link PackedGraph#POSITIONS},
 * {@link PackedGraph#SLOTS} and {@link PackedGraph#SLOT_OF}.
 *
 * @param positions [N]
 * @param text the slots of the text's tokens
 */
public record PackedPlaces(long[] positions, RowSlots text) {
  /**
   * Of rows behind {@code virtualTokens} virtual tokens that enter by {@code kind}.
   *
   * @param lengths tokens of each row
   * @throws ArithmeticException if the batch has more places than an array
   */
  public static PackedPlaces of(PackedEntry.Kind kind, int virtualTokens, int[] lengths) {
    RowSlots text = RowSlots.of(lengths);
    int before = kind.packed(virtualTokens);
    long[] positions = new long[Math.addExact(before, text.slotOf().length)];
    for (int i = 0; i < before; i++) {
      positions[i] = i;
    }
    int place = before;
    for (int length : lengths) {
      for (int i = 0; i < length; i++) {
        positions[place++] = virtualTokens + i;
      }
    }
    return new PackedPlaces(positions, text);
  }

  /** Text tokens of all rows. */
  public int tokens() {
    return text.slotOf().length;
  }
}
