package dev.preamble.generation;

import dev.preamble.model.SlotCache;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Keys and values of texts that rows began with, in whole blocks, for later rows that begin alike
 * under the same adapter: system prompts, the history of a chat. A block is known by its adapter's
 * digest, its tokens, and the block before it, compared in full: two texts never share a block by
 * accident. Of blocks that do not fit, the one used longest ago goes first, but none before those
 * that continue it. Used by one thread, but for {@link #statistics}.
 */
final class TextStore {
  /** What a block stands behind: the adapter, and the block before or 0 for none. */
  private record Key(String adapter, long before, List<Integer> tokens) {}

  private static final class Block {
    private final long id;
    private final int block;
    private final List<Block> before;
    private int after;

    private Block(long id, int block, List<Block> before) {
      this.id = id;
      this.block = block;
      this.before = before;
    }
  }

  private final long most;
  private final BlockPool pool;
  private final Map<Key, Block> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long lastId;
  private long hits;
  private long misses;
  private long evictions;
  private volatile PrefixStatistics statistics = PrefixStatistics.NONE;

  /**
   * @param budget bytes of blocks to keep
   */
  TextStore(long budget, BlockPool pool) {
    this.most = budget / pool.blockBytes();
    this.pool = pool;
  }

  /**
   * Puts as many whole blocks of a text into {@code slot} as are kept, behind the adapter's prefix.
   *
   * @param adapter digest of the adapter, empty for none
   * @param most tokens of the text to put at most
   * @return tokens put
   */
  int enter(String adapter, int[] tokens, int most, SlotCache cache, int slot) {
    int whole = this.most == 0 ? 0 : most / BlockPool.POSITIONS;
    List<Key> path = new ArrayList<>();
    long before = 0;
    for (int i = 0; i < whole; i++) {
      Key key = key(adapter, before, tokens, i);
      Block found = kept.get(key);
      if (found == null) {
        break;
      }
      pool.copy(found.block, cache, slot);
      path.add(key);
      before = found.id;
    }
    path.reversed().forEach(kept::get);
    hits += path.size();
    misses += whole - path.size();
    publish();
    return path.size() * BlockPool.POSITIONS;
  }

  /**
   * Keeps the whole blocks of a text that {@code slot} holds.
   *
   * @param count tokens of the text that are in the slot
   * @param from the slot's position of the first of them
   */
  void keep(String adapter, int[] tokens, int count, SlotCache cache, int slot, int from) {
    List<Key> path = new ArrayList<>();
    List<Block> before = List.of();
    for (int i = 0; i < count / BlockPool.POSITIONS && path.size() < most; i++) {
      Key key = key(adapter, before.isEmpty() ? 0 : before.getFirst().id, tokens, i);
      Block block = kept.get(key);
      if (block == null) {
        if (kept.size() >= most && !evict(path)) {
          break;
        }
        int start = from + i * BlockPool.POSITIONS;
        int taken = pool.take(cache, slot, start, BlockPool.POSITIONS);
        block = new Block(++lastId, taken, before);
        before.forEach(each -> each.after++);
        kept.put(key, block);
      }
      path.add(key);
      before = List.of(block);
    }
    path.reversed().forEach(kept::get);
    publish();
  }

  /** Gives up one block that nothing continues and that is not on {@code path}. */
  private boolean evict(List<Key> path) {
    Iterator<Map.Entry<Key, Block>> oldestFirst = kept.entrySet().iterator();
    while (oldestFirst.hasNext()) {
      Map.Entry<Key, Block> oldest = oldestFirst.next();
      Block block = oldest.getValue();
      if (block.after == 0 && (path.isEmpty() || !oldest.getKey().equals(path.getLast()))) {
        oldestFirst.remove();
        block.before.forEach(each -> each.after--);
        pool.give(block.block);
        evictions++;
        return true;
      }
    }
    return false;
  }

  private static Key key(String adapter, long before, int[] tokens, int block) {
    int from = block * BlockPool.POSITIONS;
    List<Integer> own = Arrays.stream(tokens, from, from + BlockPool.POSITIONS).boxed().toList();
    return new Key(adapter, before, own);
  }

  PrefixStatistics statistics() {
    return statistics;
  }

  private void publish() {
    statistics =
        new PrefixStatistics(hits, misses, evictions, kept.size(), kept.size() * pool.blockBytes());
  }

  /** Whether each block knows how many continue it. */
  boolean isConsistent() {
    Map<Long, Integer> after = new HashMap<>();
    kept.values()
        .forEach(block -> block.before.forEach(each -> after.merge(each.id, 1, Integer::sum)));
    return kept.values().stream().allMatch(block -> block.after == after.getOrDefault(block.id, 0));
  }

  /** Blocks of the pool that the texts take. */
  int blocks() {
    return kept.size();
  }
}
