package dev.preamble.generation.sampling;

import dev.preamble.model.Logits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Memory that the samplers of one thread use in turn, for logits of one vocabulary. */
public final class Workspace {
  final float[] raw;
  final float[] logits;
  final int[] kept;
  final double[] weights;

  /**
   * @param vocabulary width of the logits
   */
  public Workspace(int vocabulary) {
    raw = new float[vocabulary];
    logits = new float[vocabulary];
    kept = new int[vocabulary];
    weights = new double[vocabulary];
  }

  /** Takes over the logits of a row. */
  void load(Logits logits, int row) {
    long offset = logits.offset(row);
    MemorySegment.copy(logits.values(), ValueLayout.JAVA_FLOAT, offset, raw, 0, raw.length);
  }

  /** Puts the logits as they came where they are changed. */
  void reset() {
    System.arraycopy(raw, 0, logits, 0, raw.length);
  }
}
