package dev.preamble.model;

import java.util.Arrays;

/**
 * What the first positions of each slot of a cache are known to hold, filled or not: a slot that
 * was emptied holds what it held until it is written again.
 */
final class Beginnings {
  private static final String UNKNOWN = "";

  private final String[] contents;
  private final int[] counts;

  /** Of {@code slots} slots of which nothing is known. */
  Beginnings(int slots) {
    contents = new String[slots];
    counts = new int[slots];
    Arrays.fill(contents, UNKNOWN);
  }

  /** The first {@code count} positions of {@code slot} hold {@code content}. */
  void note(int slot, String content, int count) {
    contents[slot] = content;
    counts[slot] = count;
  }

  /** Positions of {@code slot} from {@code from} on are written. */
  void written(int slot, int from) {
    if (from < counts[slot]) {
      note(slot, UNKNOWN, 0);
    }
  }

  /** How many first positions of {@code slot} hold {@code content}; 0 if they do not. */
  int count(int slot, String content) {
    return contents[slot].equals(content) ? counts[slot] : 0;
  }

  /** How many first positions are known to be the same in two slots. */
  int common(int one, int other) {
    return count(one, contents[other]);
  }

  /** The first {@code copied} positions of {@code from}'s slot were copied to those of a slot. */
  void copied(Beginnings from, int fromSlot, int slot, int copied) {
    boolean whole = from.counts[fromSlot] <= copied;
    note(slot, whole ? from.contents[fromSlot] : UNKNOWN, whole ? from.counts[fromSlot] : 0);
  }

  /** The first {@code swapped} positions of two slots were exchanged. */
  void swapped(int one, int other, int swapped) {
    String content = contents[one];
    int count = counts[one];
    copied(this, other, one, swapped);
    boolean whole = count <= swapped;
    note(other, whole ? content : UNKNOWN, whole ? count : 0);
  }
}
