package dev.preamble.generation.sampling;

import dev.preamble.PreambleException;
import dev.preamble.model.Logits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Finds the tokens with the highest logits. Values that are no numbers are passed over. */
final class MostProbable {
  /** Tokens that are looked at together. */
  private static final int BLOCK = 1024;

  private static final int INFINITY = ordered(Float.floatToRawIntBits(Float.POSITIVE_INFINITY));
  private static final int ZERO = ordered(Float.floatToRawIntBits(0));
  private static final int NOTHING = ordered(Float.floatToRawIntBits(Float.NEGATIVE_INFINITY));

  private MostProbable() {}

  /**
   * The token with the highest logit; of equal ones the first.
   *
   * @throws PreambleException if no value is a number above minus infinity
   */
  static int of(float[] logits) {
    int best = -1;
    float highest = Float.NEGATIVE_INFINITY;
    for (int token = 0; token < logits.length; token++) {
      if (logits[token] > highest) {
        highest = logits[token];
        best = token;
      }
    }
    return found(best);
  }

  /** Whether any logit is above minus infinity. */
  static boolean exists(float[] logits) {
    for (float value : logits) {
      if (value > Float.NEGATIVE_INFINITY) {
        return true;
      }
    }
    return false;
  }

  /**
   * As {@link #of(float[])} for a row of {@code logits}. Where the highest of its blocks are known,
   * one block is read.
   */
  static int of(Logits logits, int row) {
    int blocks = logits.blocks(row);
    if (blocks > 0) {
      int best = 0;
      for (int block = 1; block < blocks; block++) {
        best = logits.highest(row, block) > logits.highest(row, best) ? block : best;
      }
      MemorySegment values = logits.values();
      int width = logits.vocabulary() / blocks;
      long from = logits.offset(row) + 4L * best * width;
      float highest = logits.highest(row, best);
      for (int i = 0; i < width; i++) {
        if (values.get(ValueLayout.JAVA_FLOAT, from + 4L * i) == highest) {
          return best * width + i;
        }
      }
    }
    return of(logits.values(), logits.offset(row), logits.vocabulary());
  }

  /** As {@link #of(float[])} for {@code vocabulary} floats from byte {@code offset} on. */
  static int of(MemorySegment logits, long offset, int vocabulary) {
    MemorySegment row = logits.asSlice(offset, 4L * vocabulary);
    int highest = Integer.MIN_VALUE;
    int token = 0;
    for (int from = 0; from < vocabulary; from += BLOCK) {
      int ofBlock = highest(row, from, Math.min(from + BLOCK, vocabulary));
      if (ofBlock > highest) {
        highest = ofBlock;
        token = from;
      }
    }
    if (highest > INFINITY || highest == ZERO) {
      // No number is among them, or zeros of either sign, which are equal, may be the highest.
      return ofAny(row, vocabulary);
    }
    int bits = ordered(highest);
    while (row.get(ValueLayout.JAVA_INT, 4L * token) != bits) {
      token++;
    }
    return found(highest > NOTHING ? token : -1);
  }

  /** The highest of some floats, as {@link #ordered}. Such a loop is compiled to vectors. */
  private static int highest(MemorySegment row, int from, int to) {
    int highest = Integer.MIN_VALUE;
    for (int token = from; token < to; token++) {
      highest = Math.max(highest, ordered(row.get(ValueLayout.JAVA_INT, 4L * token)));
    }
    return highest;
  }

  /** An int that is ordered among others as the float of these bits is; its own inverse. */
  private static int ordered(int bits) {
    return bits ^ (bits >> 31 & Integer.MAX_VALUE);
  }

  private static int ofAny(MemorySegment row, int vocabulary) {
    int best = -1;
    float highest = Float.NEGATIVE_INFINITY;
    for (int token = 0; token < vocabulary; token++) {
      float value = row.get(ValueLayout.JAVA_FLOAT, 4L * token);
      if (value > highest) {
        highest = value;
        best = token;
      }
    }
    return found(best);
  }

  /**
   * The {@code count} tokens with the highest logits, the highest first; of equal ones the first.
   */
  static int[] of(float[] logits, int count) {
    int[] best = new int[Math.min(count, logits.length)];
    int size = 0;
    for (int token = 0; token < logits.length; token++) {
      float value = logits[token];
      if (size == best.length && (size == 0 || !(value > logits[best[size - 1]]))
          || Float.isNaN(value)) {
        continue;
      }
      int place = size < best.length ? size++ : size - 1;
      while (place > 0 && value > logits[best[place - 1]]) {
        best[place] = best[place - 1];
        place--;
      }
      best[place] = token;
    }
    return Arrays.copyOf(best, size);
  }

  private static int found(int best) {
    if (best < 0) {
      throw new PreambleException(
          "the model gave no number for any token: its weights or the adapter's values overflow");
    }
    return best;
  }
}
