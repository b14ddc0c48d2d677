package dev.preamble.generation;

import dev.preamble.model.SlotCache;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Memory for keys and values that outlive their rows, in blocks of {@value #POSITIONS} positions.
 * It grows by a segment when no block is free, and keeps what it has. Used by one thread.
 */
final class BlockPool implements AutoCloseable {
  /** Positions in a block. */
  static final int POSITIONS = 16;

  /** What a segment is near in size, in bytes. */
  private static final long SEGMENT = 4 << 20;

  private final long blockBytes;
  private final int segmentBlocks;
  private final IntFunction<SlotCache> allocate;
  private final List<SlotCache> segments = new ArrayList<>();
  private final ArrayDeque<Integer> free = new ArrayDeque<>();

  /**
   * @param bytesPerPosition bytes of one position's keys and values
   * @param allocate gives an empty cache of so many slots, each of {@link #POSITIONS} positions
   */
  BlockPool(long bytesPerPosition, IntFunction<SlotCache> allocate) {
    this.blockBytes = bytesPerPosition * POSITIONS;
    this.segmentBlocks = Math.clamp(SEGMENT / blockBytes, 1, 256);
    this.allocate = allocate;
  }

  /** Blocks that hold {@code positions} positions. */
  static int blocks(int positions) {
    return Math.ceilDiv(positions, POSITIONS);
  }

  /** Bytes of a block. */
  long blockBytes() {
    return blockBytes;
  }

  /** Blocks taken and not given back. */
  int used() {
    return segments.size() * segmentBlocks - free.size();
  }

  /** A block that holds {@code count} positions of {@code cache}'s slot from {@code from} on. */
  int take(SlotCache cache, int slot, int from, int count) {
    if (free.isEmpty()) {
      int first = segments.size() * segmentBlocks;
      segments.add(allocate.apply(segmentBlocks));
      for (int block = 0; block < segmentBlocks; block++) {
        free.add(first + block);
      }
    }
    int block = free.pop();
    segment(block).append(block % segmentBlocks, cache, slot, from, count);
    return block;
  }

  /** Puts what {@code block} holds behind what {@code cache}'s slot holds. */
  void copy(int block, SlotCache cache, int slot) {
    SlotCache segment = segment(block);
    int place = block % segmentBlocks;
    cache.append(slot, segment, place, 0, segment.length(place));
  }

  /** Gives a block back. */
  void give(int block) {
    segment(block).clear(block % segmentBlocks);
    free.push(block);
  }

  private SlotCache segment(int block) {
    return segments.get(block / segmentBlocks);
  }

  @Override
  public void close() {
    segments.forEach(SlotCache::close);
    segments.clear();
    free.clear();
  }
}
