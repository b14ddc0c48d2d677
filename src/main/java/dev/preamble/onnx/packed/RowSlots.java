package dev.preamble.onnx.packed;

import java.util.Arrays;

/**
 * Rows of different lengths side by side: what each holds, counted through all rows, has a slot of
 * its row.
 *
 * @param slots [rows * longest]: what is in each slot, -1 in an empty one
 * @param slotOf the slot of each
 * @param longest slots of a row
 */
public record RowSlots(long[] slots, long[] slotOf, int longest) {
  /**
   * Of rows that hold {@code lengths}.
   *
   * @throws ArithmeticException if they have more slots than an array
   */
  public static RowSlots of(int[] lengths) {
    int all = 0;
    int longest = 0;
    for (int length : lengths) {
      all = Math.addExact(all, length);
      longest = Math.max(longest, length);
    }
    long[] slots = new long[Math.multiplyExact(lengths.length, longest)];
    long[] slotOf = new long[all];
    Arrays.fill(slots, -1);
    int each = 0;
    for (int row = 0; row < lengths.length; row++) {
      int slot = row * longest;
      for (int i = 0; i < lengths[row]; i++) {
        slots[slot + i] = each;
        slotOf[each] = slot + i;
        each++;
      }
    }
    return new RowSlots(slots, slotOf, longest);
  }
}
