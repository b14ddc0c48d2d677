package dev.preamble.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The logits of a run's rows, in memory that the next run writes over. Those of a session that was
 * opened with {@link FrozenModel#decodingGraph} come with the highest of each block of a row: equal
 * parts of the vocabulary, in its order.
 */
public final class Logits {
  private final MemorySegment values;
  private final int vocabulary;
  private final MemorySegment maxima;
  private final MemorySegment sums;
  private final int blocks;

  private Logits(
      MemorySegment values, int vocabulary, MemorySegment maxima, MemorySegment sums, int blocks) {
    this.values = values;
    this.vocabulary = vocabulary;
    this.maxima = maxima;
    this.sums = sums;
    this.blocks = blocks;
  }

  /**
   * Logits alone.
   *
   * @param values float [rows, vocabulary]
   */
  public static Logits of(MemorySegment values, int vocabulary) {
    return new Logits(values, vocabulary, MemorySegment.NULL, MemorySegment.NULL, 0);
  }

  /**
   * Logits with the highest of each of {@code blocks} blocks.
   *
   * @param maxima float [rows, blocks]
   * @param sums float [rows, blocks], the sum of each block's logits
   */
  public Logits withMaxima(MemorySegment maxima, MemorySegment sums, int blocks) {
    return new Logits(values, vocabulary, maxima, sums, blocks);
  }

  /** All logits, float [rows, vocabulary]. */
  public MemorySegment values() {
    return values;
  }

  /** Logits of a row. */
  public int vocabulary() {
    return vocabulary;
  }

  /** The byte of {@link #values} at which {@code row} begins. */
  public long offset(int row) {
    return 4L * row * vocabulary;
  }

  /** Blocks whose highest logits are known of {@code row}; 0 if any logit may be no number. */
  public int blocks(int row) {
    float sum = 0;
    for (int block = 0; block < blocks; block++) {
      sum += sums.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * blocks + block);
    }
    return Float.isFinite(sum) ? blocks : 0;
  }

  /** The highest logit of a block of {@code row}. */
  public float highest(int row, int block) {
    return maxima.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * blocks + block);
  }
}
