package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.Locale;

/**
 * How measured times are distributed.
 *
 * @param count how many there are
 * @param mean in milliseconds, as are the others
 * @param p50 half of them are at most this
 * @param p90 nine in ten are at most this
 * @param p99 99 in 100 are at most this
 */
record Percentiles(int count, double mean, double p50, double p90, double p99) {
  /** Of times in nanoseconds; the percentile p of n is the one in place ceil(p n). */
  static Percentiles of(Collection<Long> nanoseconds) {
    long[] sorted = nanoseconds.stream().mapToLong(Long::longValue).sorted().toArray();
    if (sorted.length == 0) {
      return new Percentiles(0, 0, 0, 0, 0);
    }
    double mean = nanoseconds.stream().mapToLong(Long::longValue).average().orElseThrow() / 1e6;
    return new Percentiles(sorted.length, mean, at(sorted, 0.5), at(sorted, 0.9), at(sorted, 0.99));
  }

  private static double at(long[] sorted, double share) {
    return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)] / 1e6;
  }

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("count", count)
        .put("mean", mean)
        .put("p50", p50)
        .put("p90", p90)
        .put("p99", p99);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%.1f ms (half), %.1f ms (90 %%), %.1f ms (99 %%)", p50, p90, p99);
  }
}
