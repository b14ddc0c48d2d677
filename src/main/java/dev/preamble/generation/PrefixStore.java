package dev.preamble.generation;

import dev.preamble.model.KeyValueCache;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Keys and values that adapters put in front of the text, each computed once and kept for as long
 * as the budget allows; of those that do not fit, the one used longest ago goes first. A prefix is
 * known by the content of adapter and model, never by a name, and one that was given up is computed
 * again: what a request sees is the same either way.
 *
 * <p>Used by one thread, but for {@link #statistics}.
 */
final class PrefixStore implements AutoCloseable {
  private record Key(String adapter, String model) {}

  private final long budget;
  private final Function<FittedAdapter, KeyValueCache> compute;
  private final Map<Key, KeyValueCache> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long hits;
  private long misses;
  private long evictions;
  private long bytes;
  private volatile PrefixStatistics statistics = new PrefixStatistics(0, 0, 0, 0, 0);

  /**
   * @param budget bytes of prefixes to keep
   * @param compute gives an adapter's prefix in a cache of its own
   */
  PrefixStore(long budget, Function<FittedAdapter, KeyValueCache> compute) {
    this.budget = budget;
    this.compute = compute;
  }

  /** Fills the first positions of {@code cache}, which is empty, with the adapter's prefix. */
  void fill(FittedAdapter adapter, KeyValueCache cache) {
    Key key = new Key(adapter.digest(), adapter.model());
    KeyValueCache found = kept.get(key);
    if (found != null) {
      hits++;
      cache.copyFrom(found);
    } else {
      misses++;
      KeyValueCache computed = compute.apply(adapter);
      cache.copyFrom(computed);
      keep(key, computed);
    }
    statistics = new PrefixStatistics(hits, misses, evictions, kept.size(), bytes);
  }

  PrefixStatistics statistics() {
    return statistics;
  }

  private void keep(Key key, KeyValueCache prefix) {
    if (prefix.bytes() > budget) {
      prefix.close();
      return;
    }
    Iterator<KeyValueCache> oldestFirst = kept.values().iterator();
    while (bytes + prefix.bytes() > budget) {
      KeyValueCache oldest = oldestFirst.next();
      oldestFirst.remove();
      bytes -= oldest.bytes();
      evictions++;
      oldest.close();
    }
    kept.put(key, prefix);
    bytes += prefix.bytes();
  }

  /** Frees every prefix. */
  @Override
  public void close() {
    kept.values().forEach(KeyValueCache::close);
    kept.clear();
    bytes = 0;
    statistics = new PrefixStatistics(hits, misses, evictions, 0, 0);
  }
}
