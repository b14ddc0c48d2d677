package dev.preamble.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys and values of one sequence's positions: a pair of tensors [1, heads, capacity, head size] a
 * layer, of which the first {@link #length} positions are filled. They are in ordinary memory, or
 * in that of the device which a session computes on. Used by one thread at a time.
 */
public final class KeyValueCache implements AutoCloseable {
  private final Manifest manifest;
  private final List<Manifest.KeyValue> shapes;
  private final ElementType type;
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final int capacity;
  private int length;

  /** Where a cache gets its tensors. */
  @FunctionalInterface
  interface Source {
    /** A tensor of this type and shape. */
    Tensor allocate(ElementType type, long... shape);
  }

  /** An empty cache in ordinary memory with room for {@code capacity} positions. */
  public KeyValueCache(Manifest manifest, int capacity) {
    this(manifest, capacity, Tensor::allocate);
  }

  /** An empty cache where {@code session} reads it without copying. */
  public KeyValueCache(Manifest manifest, int capacity, Session session) {
    this(manifest, capacity, session::allocate);
  }

  KeyValueCache(Manifest manifest, int capacity, Source source) {
    this.manifest = manifest;
    this.shapes = manifest.keyValue();
    this.type = manifest.computes();
    this.capacity = capacity;
    for (Manifest.KeyValue shape : shapes) {
      long[] sizes = {1, shape.heads(), capacity, shape.headSize()};
      keys.add(source.allocate(type, sizes));
      values.add(source.allocate(type, sizes));
    }
  }

  /** Positions that fit. */
  public int capacity() {
    return capacity;
  }

  /** Positions that are filled. */
  public int length() {
    return length;
  }

  /** Bytes that the tensors take. */
  public long bytes() {
    long sum = 0;
    for (Tensor key : keys) {
      sum += 2 * key.size() * key.type().bytes();
    }
    return sum;
  }

  Tensor key(int layer) {
    return keys.get(layer);
  }

  Tensor value(int layer) {
    return values.get(layer);
  }

  int layers() {
    return keys.size();
  }

  /** States that the model has filled {@code count} positions more. */
  void advance(int count) {
    length = Math.addExact(length, count);
  }

  /**
   * Fills the first positions with those of {@code prefix}.
   *
   * @throws IllegalArgumentException if they do not fit, or something is filled already
   */
  public void copyFrom(KeyValueCache prefix) {
    if (length != 0 || prefix.length > capacity) {
      throw new IllegalArgumentException(
          "a prefix of %d positions into a cache of %d with %d filled"
              .formatted(prefix.length, capacity, length));
    }
    for (int layer = 0; layer < shapes.size(); layer++) {
      Manifest.KeyValue shape = shapes.get(layer);
      copy(prefix.keys.get(layer), prefix, keys.get(layer), shape);
      copy(prefix.values.get(layer), prefix, values.get(layer), shape);
    }
    length = prefix.length;
  }

  /**
   * Fills the first positions with keys and values that did not come from this model.
   *
   * @param count positions
   * @param states float [count, layers, 2, heads, head size]: of each position the keys of layer 0,
   *     its values, the keys of layer 1, and so on, as PEFT stores prefixes
   * @throws IllegalArgumentException if they do not fit, or something is filled already
   */
  public void fill(int count, float[] states) {
    long elements = bytes() / type.bytes() / Math.max(1, capacity) * count;
    if (length != 0 || count > capacity || states.length != elements) {
      throw new IllegalArgumentException(
          "%,d values for %d positions into a cache of %d with %d filled"
              .formatted(states.length, count, capacity, length));
    }
    if (!shapes.isEmpty() && keys.getFirst().isOnDevice()) {
      try (KeyValueCache here = new KeyValueCache(manifest, count)) {
        here.fill(count, states);
        copyFrom(here);
      }
      return;
    }
    int from = 0;
    for (int position = 0; position < count; position++) {
      for (int layer = 0; layer < shapes.size(); layer++) {
        from = put(keys.get(layer), shapes.get(layer), position, states, from);
        from = put(values.get(layer), shapes.get(layer), position, states, from);
      }
    }
    length = count;
  }

  /**
   * The filled positions in the layout of {@link #fill}: float [length, layers, 2, heads, head
   * size].
   */
  public float[] states() {
    if (!shapes.isEmpty() && keys.getFirst().isOnDevice()) {
      try (KeyValueCache here = new KeyValueCache(manifest, length)) {
        here.copyFrom(this);
        return here.states();
      }
    }
    long elements = bytes() / type.bytes() / Math.max(1, capacity) * length;
    float[] states = new float[Math.toIntExact(elements)];
    int to = 0;
    for (int position = 0; position < length; position++) {
      for (int layer = 0; layer < shapes.size(); layer++) {
        to = get(keys.get(layer), shapes.get(layer), position, states, to);
        to = get(values.get(layer), shapes.get(layer), position, states, to);
      }
    }
    return states;
  }

  /** Reads one position of all heads; gives where the next values go. */
  private int get(Tensor from, Manifest.KeyValue shape, int position, float[] states, int to) {
    for (int head = 0; head < shape.heads(); head++) {
      long place = shape.headSize() * ((long) head * capacity + position);
      for (int i = 0; i < shape.headSize(); i++) {
        states[to + i] = get(from.data(), place + i);
      }
      to += shape.headSize();
    }
    return to;
  }

  private float get(MemorySegment data, long index) {
    return switch (type) {
      case FLOAT16 -> Float.float16ToFloat(data.getAtIndex(JAVA_SHORT, index));
      case BFLOAT16 -> Float.intBitsToFloat(data.getAtIndex(JAVA_SHORT, index) << 16);
      default -> data.getAtIndex(JAVA_FLOAT, index);
    };
  }

  /** Writes one position of all heads; gives where the next values stand. */
  private int put(Tensor to, Manifest.KeyValue shape, int position, float[] states, int from) {
    for (int head = 0; head < shape.heads(); head++) {
      long place = shape.headSize() * ((long) head * capacity + position);
      for (int i = 0; i < shape.headSize(); i++) {
        put(to.data(), place + i, states[from + i]);
      }
      from += shape.headSize();
    }
    return from;
  }

  private void put(MemorySegment data, long index, float value) {
    switch (type) {
      case FLOAT16 -> data.setAtIndex(JAVA_SHORT, index, Float.floatToFloat16(value));
      case BFLOAT16 -> data.setAtIndex(JAVA_SHORT, index, brain(value));
      default -> data.setAtIndex(JAVA_FLOAT, index, value);
    }
  }

  /** The upper half of the bits, rounded to the nearest, to the even one between two. */
  private static short brain(float value) {
    int bits = Float.floatToRawIntBits(value);
    int rounded = bits + 0x7fff + (bits >>> 16 & 1);
    return (short) ((Float.isNaN(value) ? bits | 0x400000 : rounded) >>> 16);
  }

  private void copy(Tensor from, KeyValueCache prefix, Tensor to, Manifest.KeyValue shape) {
    long size = shape.headSize();
    for (int head = 0; head < shape.heads(); head++) {
      to.copyFrom(
          from, head * prefix.capacity * size, head * capacity * size, prefix.length * size);
    }
  }

  @Override
  public void close() {
    keys.forEach(Tensor::close);
    values.forEach(Tensor::close);
  }
}
