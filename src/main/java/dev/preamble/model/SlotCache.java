package dev.preamble.model;

import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Keys and values of many sequences: a pair of tensors [slots, heads, capacity, head size] a layer.
 * Each slot belongs to one sequence, of which its first {@link #length} positions are filled. The
 * tensors stay where they are, so that a model may be bound to them once. Used by one thread.
 */
public final class SlotCache implements AutoCloseable {
  private final List<Manifest.KeyValue> shapes;
  private final ElementType type;
  private final KeyValueCache.Source source;
  private final List<Pair> layers = new ArrayList<>();
  private final int slots;
  private final int capacity;
  private final int[] lengths;
  private final Beginnings beginnings;

  /** One layer's keys and values. */
  record Pair(Tensor key, Tensor value) implements AutoCloseable {
    @Override
    public void close() {
      key.close();
      value.close();
    }
  }

  /** Where a sequence's positions begin in a tensor, and how many each head has room for. */
  private record Place(long start, int capacity) {}

  /** A cache without its tensors yet. */
  private SlotCache(
      List<Manifest.KeyValue> shapes,
      ElementType type,
      KeyValueCache.Source source,
      int slots,
      int capacity) {
    this.shapes = shapes;
    this.type = type;
    this.source = source;
    this.slots = slots;
    this.capacity = capacity;
    this.lengths = new int[slots];
    this.beginnings = new Beginnings(slots);
  }

  /** An empty cache with tensors from {@code source}. */
  static SlotCache allocate(
      Manifest manifest, KeyValueCache.Source source, int slots, int capacity) {
    SlotCache cache =
        new SlotCache(manifest.keyValue(), manifest.computes(), source, slots, capacity);
    try {
      cache.shapes.forEach(cache::addLayer);
      return cache;
    } catch (RuntimeException | Error fault) {
      cache.close();
      throw fault;
    }
  }

  private void addLayer(Manifest.KeyValue shape) {
    long[] sizes = {slots, shape.heads(), capacity, shape.headSize()};
    Tensor key = source.allocate(type, sizes);
    try {
      layers.add(new Pair(key, source.allocate(type, sizes)));
    } catch (RuntimeException | Error fault) {
      key.close();
      throw fault;
    }
  }

  /** Bytes that a position takes in a cache of {@code manifest}'s model, all layers together. */
  public static long bytesPerPosition(Manifest manifest) {
    long elements = 0;
    for (Manifest.KeyValue shape : manifest.keyValue()) {
      elements += 2L * shape.heads() * shape.headSize();
    }
    return elements * manifest.computes().bytes();
  }

  /** Sequences that fit. */
  public int slots() {
    return slots;
  }

  /** Positions of a sequence that fit. */
  public int capacity() {
    return capacity;
  }

  /** Positions of {@code slot} that are filled. */
  public int length(int slot) {
    return lengths[slot];
  }

  /** Positions that are filled, all slots together. */
  public long filled() {
    long sum = 0;
    for (int length : lengths) {
      sum += length;
    }
    return sum;
  }

  /** Bytes that the tensors take. */
  public long bytes() {
    long elements = 0;
    for (Pair layer : layers) {
      elements += layer.key().size() + layer.value().size();
    }
    return elements * type.bytes();
  }

  /**
   * States that {@code slot} begins with {@code content}, the first {@code count} positions that it
   * holds. The same content is the same keys and values in every slot.
   */
  public void begins(int slot, String content, int count) {
    Objects.checkIndex(count, lengths[slot] + 1);
    beginnings.note(slot, content, count);
  }

  /**
   * Fills an empty slot with {@code content} if it began with that before it was emptied, and
   * nothing was written over it since: nothing is copied then.
   *
   * @return whether it is filled
   */
  public boolean restore(int slot, String content) {
    int count = lengths[slot] == 0 ? beginnings.count(slot, content) : 0;
    lengths[slot] += count;
    return count > 0;
  }

  /** Empties {@code slot}. */
  public void clear(int slot) {
    lengths[slot] = 0;
  }

  /** Forgets the positions of {@code slot} from {@code length} on. */
  public void truncate(int slot, int length) {
    Objects.checkIndex(length, lengths[slot] + 1);
    lengths[slot] = length;
  }

  /**
   * Puts {@code count} positions of a cache of the same model behind what {@code slot} holds.
   *
   * @param from the first position copied of {@code other}'s slot {@code otherSlot}
   * @throws IllegalArgumentException if they are not there, or do not fit
   */
  public void append(int slot, SlotCache other, int otherSlot, int from, int count) {
    if (from < 0 || count < 0 || from + count > other.lengths[otherSlot]) {
      throw new IllegalArgumentException(
          "positions %d to %d of %d".formatted(from, from + count, other.lengths[otherSlot]));
    }
    requireRoom(slot, count);
    write(slot);
    for (int layer = 0; layer < shapes.size(); layer++) {
      Manifest.KeyValue shape = shapes.get(layer);
      Place origin = other.place(shape, otherSlot, from);
      copy(shape, other.layers.get(layer), origin, layer, place(shape, slot, lengths[slot]), count);
    }
    lengths[slot] += count;
  }

  /**
   * Puts all positions of a cache of one sequence behind what {@code slot} holds.
   *
   * @throws IllegalArgumentException if they do not fit
   */
  public void append(int slot, KeyValueCache other) {
    requireRoom(slot, other.length());
    write(slot);
    for (int layer = 0; layer < shapes.size(); layer++) {
      Manifest.KeyValue shape = shapes.get(layer);
      Pair from = new Pair(other.key(layer), other.value(layer));
      Place origin = new Place(0, other.capacity());
      copy(shape, from, origin, layer, place(shape, slot, lengths[slot]), other.length());
    }
    lengths[slot] += other.length();
  }

  private void requireRoom(int slot, int count) {
    if (lengths[slot] + count > capacity) {
      throw new IllegalArgumentException(
          "%d positions into slot %d of %s".formatted(count, slot, this));
    }
  }

  /** Moves what {@code from} holds to {@code to}, which is empty; {@code from} is empty then. */
  public void move(int from, int to) {
    int there = Math.min(beginnings.common(from, to), lengths[from]);
    lengths[to] = there;
    append(to, this, from, there, lengths[from] - there);
    beginnings.copied(beginnings, from, to, lengths[from]);
    clear(from);
  }

  /** Exchanges what two slots hold. */
  public void swap(int one, int other) {
    int count = Math.max(lengths[one], lengths[other]);
    int same = Math.min(beginnings.common(one, other), count);
    for (int layer = 0; layer < shapes.size(); layer++) {
      Manifest.KeyValue shape = shapes.get(layer);
      swap(shape, layers.get(layer).key(), one, other, same, count);
      swap(shape, layers.get(layer).value(), one, other, same, count);
    }
    beginnings.swapped(one, other, count);
    int length = lengths[one];
    lengths[one] = lengths[other];
    lengths[other] = length;
  }

  /** Exchanges the positions from {@code from} to {@code to} of every head. */
  private void swap(Manifest.KeyValue shape, Tensor tensor, int one, int other, int from, int to) {
    long size = (long) (to - from) * shape.headSize();
    try (Tensor kept = source.allocate(type, size)) {
      for (int head = 0; head < shape.heads(); head++) {
        long skipped = (long) head * capacity * shape.headSize();
        long first = place(shape, one, from).start() + skipped;
        long second = place(shape, other, from).start() + skipped;
        kept.copyFrom(tensor, first, 0, size);
        tensor.copyFrom(tensor, second, first, size);
        tensor.copyFrom(kept, 0, second, size);
      }
    }
  }

  /**
   * This cache with other sizes and what it holds; this one is closed. Layers are moved one after
   * the other, so that no more than one of them is there twice.
   *
   * @throws IllegalArgumentException if what is filled does not fit
   */
  public SlotCache resized(int slots, int capacity) {
    for (int slot = 0; slot < this.slots; slot++) {
      if (lengths[slot] > (slot < slots ? capacity : 0)) {
        throw new IllegalArgumentException(
            "%s into %d slots of %d".formatted(this, slots, capacity));
      }
    }
    SlotCache to = new SlotCache(shapes, type, source, slots, capacity);
    try {
      for (int layer = 0; layer < shapes.size(); layer++) {
        Manifest.KeyValue shape = shapes.get(layer);
        to.addLayer(shape);
        for (int slot = 0; slot < Math.min(slots, this.slots); slot++) {
          Place origin = place(shape, slot, 0);
          Place target = to.place(shape, slot, 0);
          to.copy(shape, layers.get(layer), origin, layer, target, lengths[slot]);
        }
        layers.get(layer).close();
      }
    } catch (RuntimeException | Error fault) {
      to.close();
      close();
      throw fault;
    }
    for (int slot = 0; slot < Math.min(slots, this.slots); slot++) {
      to.lengths[slot] = lengths[slot];
      to.beginnings.copied(beginnings, slot, slot, lengths[slot]);
    }
    return to;
  }

  private Place place(Manifest.KeyValue shape, int slot, int position) {
    long positions = (long) slot * shape.heads() * capacity + position;
    return new Place(positions * shape.headSize(), capacity);
  }

  /** Copies positions of every head to this cache's {@code layer}. */
  private void copy(
      Manifest.KeyValue shape, Pair from, Place origin, int layer, Place target, int count) {
    Pair to = layers.get(layer);
    long size = shape.headSize();
    for (int head = 0; head < shape.heads(); head++) {
      long first = origin.start() + (long) head * origin.capacity() * size;
      long second = target.start() + (long) head * target.capacity() * size;
      to.key().copyFrom(from.key(), first, second, count * size);
      to.value().copyFrom(from.value(), first, second, count * size);
    }
  }

  /** The keys and values of {@code count} slots from {@code slot} on, a pair a layer. */
  List<Pair> views(int slot, int count) {
    List<Pair> views = new ArrayList<>();
    for (int layer = 0; layer < shapes.size(); layer++) {
      Manifest.KeyValue shape = shapes.get(layer);
      long[] sizes = {count, shape.heads(), capacity, shape.headSize()};
      long start = place(shape, slot, 0).start();
      Pair whole = layers.get(layer);
      views.add(new Pair(whole.key().view(start, sizes), whole.value().view(start, sizes)));
    }
    return views;
  }

  /** States that positions behind what {@code slot} holds are about to be written. */
  void write(int slot) {
    beginnings.written(slot, lengths[slot]);
  }

  /** States that the model has filled {@code count} positions more of {@code slot}. */
  void advance(int slot, int count) {
    lengths[slot] = Math.addExact(lengths[slot], count);
  }

  @Override
  public String toString() {
    return "%d slots of %d positions, filled %s"
        .formatted(slots, capacity, Arrays.toString(lengths));
  }

  @Override
  public void close() {
    layers.forEach(Pair::close);
  }
}
