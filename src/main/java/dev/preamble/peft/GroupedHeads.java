package dev.preamble.peft;

import dev.preamble.PreambleException;
import java.util.Arrays;

/**
 * Prefixes that PEFT 0.2 to 0.11 made for grouped-query models: as wide as all query heads, where
 * the model has keys and values for fewer. A query head of the model sees the keys of its group, so
 * such a prefix means the same only when all heads of a group hold the same numbers.
 */
final class GroupedHeads {
  private GroupedHeads() {}

  /**
   * One head a group of {@code [tokens, layers, 2, heads, head size]}.
   *
   * @throws PreambleException when the heads of a group differ, for then nothing the model can run
   *     equals the file
   */
  static float[] narrow(String name, float[] wide, ModelShape shape) {
    int size = shape.headSize();
    int group = shape.heads() / shape.keyValueHeads();
    float[] narrow = new float[wide.length / group];
    for (int to = 0; to < narrow.length; to += size) {
      int from = to * group;
      for (int member = 1; member < group; member++) {
        int other = from + member * size;
        if (!Arrays.equals(wide, from, from + size, wide, other, other + size)) {
          throw new PreambleException(
              ("%s holds keys and values for all %d query heads of a grouped-query model with %d"
                      + " key/value heads, as PEFT 0.2 to 0.11 wrote them. Heads of one group differ,"
                      + " so no prefix of this model is equal to it, and PEFT itself has not loaded"
                      + " such files since 0.12; train it again")
                  .formatted(name, shape.heads(), shape.keyValueHeads()));
        }
      }
      System.arraycopy(wide, from, narrow, to, size);
    }
    return narrow;
  }
}
