package dev.preamble.generation;

import dev.preamble.model.SlotCache;
import dev.preamble.model.SlotPass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rows under way and the cache that they fill. The row in place i of the list has slot i; those
 * that decode come before those whose prompt has not entered yet, so that one pass over the first
 * slots decodes them all: a row that leaves is replaced by the last one of its kind, which costs
 * less than carrying an empty slot through the steps that follow.
 *
 * <p>The cache has as many slots and positions as the rows have needed so far, within the budget:
 * the longer the longest row, the fewer rows run together. Used by one thread.
 */
final class Batch implements AutoCloseable {
  /** The least positions of a slot that a cache is made for. */
  private static final int LEAST = 256;

  /** How a cache gets another number of slots and positions: {@link SlotCache#resized}. */
  @FunctionalInterface
  interface Resizing {
    SlotCache resized(SlotCache cache, int slots, int capacity);
  }

  private final ModelRunner runner;
  private final Resizing resizing;
  private final int mostRows;
  private final long budget;
  private final List<ActiveRow> rows = new ArrayList<>();
  private final Map<Integer, SlotPass> steps = new HashMap<>();
  private Optional<SlotPass> prefill = Optional.empty();
  private SlotCache cache;
  private int decoding;
  private volatile long filled;
  private volatile long bytes;

  /**
   * @param mostRows rows under way at most
   * @param bytes bytes of cache at most
   */
  Batch(ModelRunner runner, Resizing resizing, int mostRows, long bytes) {
    this.runner = runner;
    this.resizing = resizing;
    this.mostRows = mostRows;
    this.budget = bytes / SlotCache.bytesPerPosition(runner.manifest());
    this.cache = runner.slots(0, 0);
  }

  /** Positions that a row may have at most: those that the model has, and the budget allows. */
  int longest() {
    return (int) Math.min(runner.manifest().contextLength(), budget);
  }

  /**
   * Makes room for a row of so many positions, if there can be now. If memory is lacking this
   * throws, and what the rows under way had in the cache is lost: {@link #drop} them.
   */
  boolean makeRoom(int positions) {
    boolean longEnough = positions <= cache.capacity();
    if (longEnough && rows.size() < cache.slots()) {
      return true;
    }
    if (longEnough && rows.size() < slotsOf(cache.capacity())) {
      reshape(cache.capacity());
      return true;
    }
    int needed = rows.stream().mapToInt(ActiveRow::positions).reduce(positions, Math::max);
    int capacity = Math.min(longest(), Math.max(LEAST, Integer.highestOneBit(needed - 1) << 1));
    if (capacity == cache.capacity() || rows.size() >= slotsOf(capacity)) {
      return false;
    }
    reshape(capacity);
    return true;
  }

  private int slotsOf(int capacity) {
    return (int) Math.min(mostRows, budget / capacity);
  }

  private void reshape(int capacity) {
    int slots = Math.max(1, Integer.highestOneBit(rows.size()) << 1);
    closePasses();
    cache = resizing.resized(cache, Math.min(slotsOf(capacity), slots), capacity);
    bytes = cache.bytes();
  }

  /** Notes how full the cache is. */
  void measure() {
    filled = cache.filled();
  }

  /** How full the cache was when that was noted last; for any thread. */
  CacheUsage usage() {
    return new CacheUsage(filled, budget, bytes);
  }

  SlotCache cache() {
    return cache;
  }

  /** The rows under way, each in its slot's place. */
  List<ActiveRow> rows() {
    return rows;
  }

  /** How many of the rows, from the first on, decode. */
  int decoding() {
    return decoding;
  }

  int slot(ActiveRow row) {
    return rows.indexOf(row);
  }

  /** Gives a new row an empty slot behind the others. */
  void add(ActiveRow row) {
    rows.add(row);
  }

  /** Puts a row whose prompt has entered among those that decode. */
  void decode(ActiveRow row) {
    int slot = slot(row);
    if (slot != decoding) {
      cache.swap(slot, decoding);
      rows.set(slot, rows.get(decoding));
      rows.set(decoding, row);
    }
    decoding++;
  }

  /** Takes a row out and closes the gap. */
  void remove(ActiveRow row) {
    int gap = slot(row);
    cache.clear(gap);
    if (gap < decoding) {
      decoding--;
      gap = fill(gap, decoding);
    }
    fill(gap, rows.size() - 1);
    rows.removeLast();
    measure();
  }

  /** Takes all rows out and gives their memory back. */
  List<ActiveRow> drop() {
    List<ActiveRow> dropped = List.copyOf(rows);
    rows.clear();
    decoding = 0;
    close();
    cache = runner.slots(0, 0);
    bytes = 0;
    measure();
    return dropped;
  }

  /** Moves a row to the empty slot {@code gap}; gives the slot that is empty then. */
  private int fill(int gap, int from) {
    if (from != gap) {
      cache.move(from, gap);
      rows.set(gap, rows.get(from));
    }
    return from;
  }

  /** The pass that takes any number of positions of one slot. */
  SlotPass prefill() {
    if (prefill.isEmpty()) {
      prefill = Optional.of(runner.pass(cache, 1));
    }
    return prefill.get();
  }

  /** The pass that takes one position of each row that decodes. */
  SlotPass step() {
    return steps.computeIfAbsent(decoding, count -> runner.pass(cache, count));
  }

  private void closePasses() {
    prefill.ifPresent(SlotPass::close);
    prefill = Optional.empty();
    steps.values().forEach(SlotPass::close);
    steps.clear();
  }

  @Override
  public void close() {
    closePasses();
    cache.close();
  }
}
