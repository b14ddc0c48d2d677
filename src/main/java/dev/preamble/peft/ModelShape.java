package dev.preamble.peft;

import dev.preamble.PreambleException;

/**
 * The dimensions of a frozen model that decide whether an adapter fits it.
 *
 * @param hidden width of the rows that enter the model
 * @param layers transformer layers
 * @param heads query heads a layer
 * @param keyValueHeads key/value heads a layer: equal to {@code heads} but for grouped-query models
 * @param headSize width of one key or value head
 */
public record ModelShape(int hidden, int layers, int heads, int keyValueHeads, int headSize) {
  public ModelShape {
    if (hidden < 1 || layers < 1 || heads < 1 || keyValueHeads < 1 || headSize < 1) {
      throw new PreambleException(
          "a model's dimensions are at least 1; found hidden %d, layers %d, heads %d, key/value heads %d, head size %d"
              .formatted(hidden, layers, heads, keyValueHeads, headSize));
    }
  }

  /** Width of one layer's keys, or values, of one token. */
  public int keyValueWidth() {
    return Math.multiplyExact(keyValueHeads, headSize);
  }
}
