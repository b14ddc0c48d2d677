package dev.preamble.training.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/** Numbers that are added to each row of a tensor, one a column. */
final class Bias {
  private final float[] columns;

  Bias(MemorySegment columns) {
    this.columns = columns.toArray(JAVA_FLOAT);
  }

  /** Adds to a {@code strip} that starts at element {@code offset} of its tensor. */
  void addTo(float[] strip, long offset, int count) {
    int column = (int) (offset % columns.length);
    for (int at = 0; at < count; ) {
      int run = Math.min(count - at, columns.length - column);
      add(columns, column, strip, at, run);
      at += run;
      column = 0;
    }
  }

  private static void add(float[] columns, int column, float[] strip, int at, int count) {
    for (int i = 0; i < count; i++) {
      strip[at + i] += columns[column + i];
    }
  }
}
