package dev.preamble.onnx.packed;

import java.util.Arrays;

/**
 * Where the tokens of rows stand in a packed batch: what is fed as {@link PackedGraph#POSITIONS},
 * {@link PackedGraph#SLOTS} and {@link PackedGraph#SLOT_OF}.
 *
 * @param positions [N]
 * @param slots [B * S]
 * @param slotOf [T]
 * @param longest S, the tokens of the longest row
 */
public record PackedPlaces(long[] positions, long[] slots, long[] slotOf, int longest) {
  /**
   * Of rows behind {@code virtualTokens} virtual tokens that enter by {@code kind}.
   *
   * @param lengths tokens of each row
   * @throws ArithmeticException if the batch has more places than an array
   */
  public static PackedPlaces of(PackedEntry.Kind kind, int virtualTokens, int[] lengths) {
    int before = kind.packed(virtualTokens);
    int tokens = 0;
    int longest = 0;
    for (int length : lengths) {
      tokens = Math.addExact(tokens, length);
      longest = Math.max(longest, length);
    }
    long[] positions = new long[Math.addExact(before, tokens)];
    long[] slots = new long[Math.multiplyExact(lengths.length, longest)];
    long[] slotOf = new long[tokens];
    Arrays.fill(slots, -1);
    for (int i = 0; i < before; i++) {
      positions[i] = i;
    }
    int token = 0;
    for (int row = 0; row < lengths.length; row++) {
      int slot = row * longest;
      for (int i = 0; i < lengths[row]; i++) {
        slots[slot + i] = token;
        slotOf[token] = slot + i;
        positions[before + token] = virtualTokens + i;
        token++;
      }
    }
    return new PackedPlaces(positions, slots, slotOf, longest);
  }

  /** Text tokens of all rows. */
  public int tokens() {
    return slotOf.length;
  }
}
