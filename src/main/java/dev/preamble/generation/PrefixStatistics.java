package dev.preamble.generation;

/**
 * What a store of prefixes has done since it was opened.
 *
 * @param hits times that a prefix was there
 * @param misses times that it had to be computed
 * @param evictions prefixes given up for others
 * @param entries prefixes there now
 * @param bytes bytes they take
 */
public record PrefixStatistics(long hits, long misses, long evictions, int entries, long bytes) {
  /** Those of a store that keeps nothing. */
  public static final PrefixStatistics NONE = new PrefixStatistics(0, 0, 0, 0, 0);
}
