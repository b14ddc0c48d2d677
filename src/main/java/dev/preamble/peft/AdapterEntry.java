package dev.preamble.peft;

import dev.preamble.PreambleException;

/**
 * How an adapter enters a frozen model: all that training and serving need to know of it. There are
 * two ways, whatever the method is called.
 */
public sealed interface AdapterEntry {
  /** Positions that the adapter takes in front of the text. */
  int count();

  /**
   * Rows put in front of the token embeddings, unscaled.
   *
   * @param count virtual tokens
   * @param width the model's hidden size
   * @param values {@code [count, width]} row-major; owned by the caller who asked for it
   */
  record EmbeddingRows(int count, int width, float[] values) implements AdapterEntry {
    public EmbeddingRows {
      requireSize(values, count, width);
    }
  }

  /**
   * Keys and values put in front of each layer's cache as they stand, rotary embedding included or
   * not, as the adapter has them.
   *
   * @param layers transformer layers
   * @param heads key/value heads
   * @param headSize width of a head
   * @param count virtual tokens
   * @param values {@code [count, layers, 2, heads, headSize]} row-major, PEFT's layout: a token's
   *     keys of layer 0, its values of layer 0, its keys of layer 1, ...; owned by the caller who
   *     asked for it
   */
  record KeyValuePrefix(int layers, int heads, int headSize, int count, float[] values)
      implements AdapterEntry {
    public KeyValuePrefix {
      requireSize(values, count, layers, 2, heads, headSize);
    }
  }

  private static void requireSize(float[] values, int... sizes) {
    long expected = 1;
    for (int size : sizes) {
      expected = Math.multiplyExact(expected, size);
    }
    if (values.length != expected) {
      throw new PreambleException(
          "an adapter entry of %,d values was expected, %,d were given"
              .formatted(expected, values.length));
    }
  }
}
