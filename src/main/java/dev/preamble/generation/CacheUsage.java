package dev.preamble.generation;

/**
 * How full the cache of the rows under way is.
 *
 * @param positions positions that are filled
 * @param capacity positions that the budget allows
 * @param bytes bytes that the cache takes now
 */
public record CacheUsage(long positions, long capacity, long bytes) {
  /** The cache of an engine that keeps none. */
  public static final CacheUsage NONE = new CacheUsage(0, 0, 0);

  /** The filled share of what the budget allows, 0 to 1. */
  public double share() {
    return capacity == 0 ? 0 : (double) positions / capacity;
  }
}
