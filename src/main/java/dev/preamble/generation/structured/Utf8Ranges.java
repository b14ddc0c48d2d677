package dev.preamble.generation.structured;

import java.util.ArrayList;
import java.util.List;

/** Ranges of characters as sequences of byte ranges of UTF-8. */
final class Utf8Ranges {
  /** Every byte that may follow a character's first. */
  static final Bytes ANY_FOLLOWER = new Bytes(0x80, 0xBF);

  private static final int[] LAST_OF_LENGTH = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};

  private Utf8Ranges() {}

  /** Bytes from {@code first} to {@code last}, both included, from 0 to 255. */
  record Bytes(int first, int last) {}

  /** The sequences whose bytes, each from its range, are the characters of {@code range}. */
  static List<List<Bytes>> of(CodePoints.Range range) {
    List<List<Bytes>> sequences = new ArrayList<>();
    int first = range.first();
    for (int length = 0; length < LAST_OF_LENGTH.length && first <= range.last(); length++) {
      int last = Math.min(range.last(), LAST_OF_LENGTH[length]);
      if (first <= last) {
        split(first, last, length, sequences);
        first = last + 1;
      }
    }
    return sequences;
  }

  /** Cuts the range until each byte position varies on its own. */
  private static void split(int first, int last, int followers, List<List<Bytes>> sequences) {
    for (int i = 1; i <= followers; i++) {
      int mask = (1 << 6 * i) - 1;
      if ((first & ~mask) != (last & ~mask)) {
        if ((first & mask) != 0) {
          split(first, first | mask, followers, sequences);
          split((first | mask) + 1, last, followers, sequences);
          return;
        }
        if ((last & mask) != mask) {
          split(first, (last & ~mask) - 1, followers, sequences);
          split(last & ~mask, last, followers, sequences);
          return;
        }
      }
    }
    List<Bytes> sequence = new ArrayList<>();
    for (int i = 0; i <= followers; i++) {
      sequence.add(new Bytes(unit(first, i, followers), unit(last, i, followers)));
    }
    sequences.add(sequence);
  }

  private static int unit(int character, int index, int followers) {
    int bits = character >>> 6 * (followers - index);
    if (index > 0) {
      return 0x80 | bits & 0x3F;
    }
    return followers == 0 ? bits : 0xFF00 >>> followers + 1 & 0xFF | bits;
  }
}
