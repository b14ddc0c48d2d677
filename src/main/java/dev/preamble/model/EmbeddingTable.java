package dev.preamble.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The rows that token ids stand for, read from the checkpoint. May be used by several threads. */
public final class EmbeddingTable {
  private final Rows rows;
  private final int vocabularySize;
  private final int width;
  private final float scale;

  /** The rows as they are stored. */
  @FunctionalInterface
  interface Rows {
    /** Writes row {@code index} as float32 to {@code destination} from byte {@code offset} on. */
    void copy(int index, MemorySegment destination, long offset);
  }

  /**
   * @param shape [vocabulary, width]
   * @param scale what the model multiplies token rows with; prompt rows are never scaled
   */
  EmbeddingTable(Rows rows, List<Long> shape, float scale) {
    this.rows = rows;
    this.vocabularySize = Math.toIntExact(shape.get(0));
    this.width = Math.toIntExact(shape.get(1));
    this.scale = scale;
  }

  /** Rows of the table. */
  public int vocabularySize() {
    return vocabularySize;
  }

  /** Elements of a row. */
  public int width() {
    return width;
  }

  /**
   * Refuses what is no token.
   *
   * @throws ModelException if {@code token} is not in the vocabulary
   */
  public void require(int token) {
    if (token < 0 || token >= vocabularySize) {
      throw new ModelException(
          "token id %d: expected one of the vocabulary's 0 to %d"
              .formatted(token, vocabularySize - 1));
    }
  }

  /**
   * The rows of {@code tokens} one after the other, as the model's embedding layer gives them:
   * float [tokens, width].
   *
   * @throws ModelException if a token is not in the vocabulary
   */
  public float[] rows(int... tokens) {
    float[] rows = new float[Math.multiplyExact(tokens.length, width)];
    copy(tokens, 0, tokens.length, MemorySegment.ofArray(rows), 0);
    return rows;
  }

  /**
   * Writes the row of {@code token} as row {@code place} of {@code destination}, float [.., width].
   */
  public void copy(int token, MemorySegment destination, long place) {
    require(token);
    long start = 4L * place * width;
    if (scale == 1) {
      rows.copy(token, destination, start);
      return;
    }
    float[] row = new float[width];
    rows.copy(token, MemorySegment.ofArray(row), 0);
    for (int i = 0; i < width; i++) {
      row[i] *= scale;
    }
    MemorySegment.copy(row, 0, destination, ValueLayout.JAVA_FLOAT_UNALIGNED, start, width);
  }

  /**
   * Writes the rows of {@code count} tokens from {@code from} on, starting at row {@code place}.
   */
  public void copy(int[] tokens, int from, int count, MemorySegment destination, long place) {
    for (int i = 0; i < count; i++) {
      copy(tokens[from + i], destination, place + i);
    }
  }
}
