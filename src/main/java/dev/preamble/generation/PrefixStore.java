package dev.preamble.generation;

import dev.preamble.PreambleException;
import dev.preamble.model.SlotCache;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keys and values that adapters put in front of the text, each computed once and kept for as long
 * as the budget allows; of those that do not fit, the one used longest ago goes first, pinned ones
 * never. A store belongs to one model on one device; within it a prefix is known by the digest of
 * its adapter's content, never by a name, and one that was given up is computed again: what a
 * request sees is the same either way.
 *
 * <p>Used by one thread, but for {@link #pin}, {@link #unpin} and {@link #statistics}.
 */
final class PrefixStore {
  private record Prefix(int[] blocks, int positions) {}

  private final long budget;
  private final BlockPool pool;
  private final Map<String, Prefix> kept = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, Long> pinned = new HashMap<>();
  private long hits;
  private long misses;
  private long evictions;
  private long bytes;
  private volatile PrefixStatistics statistics = PrefixStatistics.NONE;

  /**
   * @param budget bytes of prefixes to keep
   */
  PrefixStore(long budget, BlockPool pool) {
    this.budget = budget;
    this.pool = pool;
  }

  /**
   * Puts the adapter's prefix into {@code slot}, which is empty, if it is kept.
   *
   * @return whether it is
   */
  boolean enter(FittedAdapter adapter, SlotCache cache, int slot) {
    Prefix found = kept.get(adapter.digest());
    if (found == null) {
      misses++;
    } else {
      hits++;
      if (!cache.restore(slot, adapter.digest())) {
        for (int block : found.blocks()) {
          pool.copy(block, cache, slot);
        }
        cache.begins(slot, adapter.digest(), found.positions());
      }
    }
    publish();
    return found != null;
  }

  /** Keeps the adapter's prefix, which {@code slot} begins with now, if it fits. */
  void keep(FittedAdapter adapter, SlotCache cache, int slot) {
    int positions = adapter.virtualTokens();
    cache.begins(slot, adapter.digest(), positions);
    if (kept.containsKey(adapter.digest()) || !makeRoom(size(positions))) {
      return;
    }
    int[] blocks = new int[BlockPool.blocks(positions)];
    for (int i = 0; i < blocks.length; i++) {
      int from = i * BlockPool.POSITIONS;
      int count = Math.min(BlockPool.POSITIONS, positions - from);
      blocks[i] = pool.take(cache, slot, from, count);
    }
    kept.put(adapter.digest(), new Prefix(blocks, positions));
    bytes += size(positions);
    publish();
  }

  /** Gives up what was used longest ago until {@code wanted} bytes fit, if they can. */
  private boolean makeRoom(long wanted) {
    Iterator<Map.Entry<String, Prefix>> oldestFirst = kept.entrySet().iterator();
    while (bytes + wanted > budget && oldestFirst.hasNext()) {
      Map.Entry<String, Prefix> oldest = oldestFirst.next();
      if (!isPinned(oldest.getKey())) {
        oldestFirst.remove();
        for (int block : oldest.getValue().blocks()) {
          pool.give(block);
        }
        bytes -= size(oldest.getValue().positions());
        evictions++;
      }
    }
    return bytes + wanted <= budget;
  }

  private long size(int positions) {
    return BlockPool.blocks(positions) * pool.blockBytes();
  }

  /**
   * Has the adapter's prefix never be given up once it is computed.
   *
   * @throws PreambleException if it does not fit beside the others that are pinned
   */
  void pin(FittedAdapter adapter) {
    synchronized (pinned) {
      long size = size(adapter.virtualTokens());
      long others =
          pinned.entrySet().stream()
              .filter(entry -> !entry.getKey().equals(adapter.digest()))
              .mapToLong(Map.Entry::getValue)
              .sum();
      if (others + size > budget) {
        throw new PreambleException(
            "%s cannot be pinned: its prefix takes %,d bytes, the pinned ones take %,d, and prefixes may take %,d; unpin others or allow more"
                .formatted(adapter.name(), size, others, budget));
      }
      pinned.put(adapter.digest(), size);
    }
  }

  /** Lets the prefix of the adapter with this digest be given up. */
  void unpin(String digest) {
    synchronized (pinned) {
      pinned.remove(digest);
    }
  }

  private boolean isPinned(String digest) {
    synchronized (pinned) {
      return pinned.containsKey(digest);
    }
  }

  PrefixStatistics statistics() {
    return statistics;
  }

  private void publish() {
    statistics = new PrefixStatistics(hits, misses, evictions, kept.size(), bytes);
  }

  /** Blocks of the pool that the prefixes take. */
  int blocks() {
    return kept.values().stream().mapToInt(prefix -> prefix.blocks().length).sum();
  }
}
