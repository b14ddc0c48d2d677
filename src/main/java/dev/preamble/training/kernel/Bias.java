package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/** Numbers that are added to each row of a tensor, one a column. */
final class Bias {
  private final float[] columns;

  Bias(MemorySegment columns) {
    this.columns = columns.toArray(JAVA_FLOAT);
  }

  /**
   * Adds to a {@code strip} that starts at element {@code offset} of its tensor.
   *
   * @param spare takes the numbers in the order in which they are added, for a loop over two arrays
   *     is fast where it goes through both from the beginning
   */
  void addTo(float[] strip, float[] spare, long offset, int count) {
    int column = (int) (offset % columns.length);
    for (int at = 0; at < count; ) {
      int run = Math.min(count - at, columns.length - column);
      System.arraycopy(columns, column, spare, at, run);
      at += run;
      column = 0;
    }
    Sums.add(strip, spare, count);
  }
}
