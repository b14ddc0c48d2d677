package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Decoding with one buffer as past and present gives, bit for bit, what two buffers give. */
class CachedAttentionInPlaceTest {
  private static final int HEADS = 2;
  private static final int SIZE = 8;
  private static final int CAPACITY = 48;
  private static final int STEPS = 40;
  private static final int SLOTS = 4;

  @Test
  void oneBufferDecodesAsTwoDo() {
    try (Session session = Session.open(TinyGraphs.attention(HEADS, SIZE), SessionTest.ONE)) {
      float[] shared = decodeInPlace(session);
      float[] apart = decodeApart(session);
      assertTrue(different(shared), "attention gave the same output at every step");
      assertArrayEquals(apart, shared);
    }
  }

  /** The cache of a batch is a view of the slots that it takes in a larger one. */
  @Test
  void aFewSlotsOfALargerBufferDecodeAsABufferOfTheirOwn() {
    try (Session session = Session.open(TinyGraphs.attention(HEADS, SIZE), SessionTest.ONE);
        Tensor keys = Tensor.allocate(ElementType.FLOAT32, SLOTS, 1, CAPACITY, SIZE);
        Tensor values = Tensor.allocate(ElementType.FLOAT32, SLOTS, 1, CAPACITY, SIZE)) {
      float[] expected = decodeInPlace(session);
      for (int first = 0; first <= SLOTS - 2; first++) {
        fill(keys, new Random(7));
        fill(values, new Random(8));
        float[] before = keys.toFloats();
        try (Cache slots = Cache.slots(keys, values, first, 2)) {
          slots.keys.data().fill((byte) 0);
          slots.values.data().fill((byte) 0);
          assertArrayEquals(expected, decode(session, slots, slots), "slots from " + first);
        }
        float[] after = keys.toFloats();
        for (int slot = 0; slot < SLOTS; slot++) {
          int from = slot * CAPACITY * SIZE;
          boolean same =
              Arrays.equals(
                  before, from, from + CAPACITY * SIZE, after, from, from + CAPACITY * SIZE);
          assertEquals(slot < first || slot > first + 1, same, "slot " + slot);
        }
      }
    }
  }

  /** Several new positions behind a past, as a prompt's next piece has them: one slot at a time. */
  @Test
  void onePromptPassesPieceByPieceThroughItsSlot() {
    int piece = 6;
    try (Session session = Session.open(TinyGraphs.attention(HEADS, SIZE), SessionTest.ONE);
        Tensor keys = Tensor.allocate(ElementType.FLOAT32, SLOTS, 1, CAPACITY, SIZE);
        Tensor values = Tensor.allocate(ElementType.FLOAT32, SLOTS, 1, CAPACITY, SIZE);
        Cache slot = Cache.slots(keys, values, 2, 1);
        Cache own = Cache.own(1)) {
      Tensor[] rows = rows(3 * piece, new Random(3));
      float[] whole = pass(session, own, 0, 3 * piece, rows);
      float[] pieces = new float[whole.length];
      for (int done = 0; done < 3; done++) {
        float[] part = pass(session, slot, done * piece, piece, rows);
        System.arraycopy(part, 0, pieces, done * part.length, part.length);
      }
      Arrays.stream(rows).forEach(Tensor::close);
      assertArrayEquals(whole, pieces, 1e-5f);
    }
  }

  /** {@code count} of the rows, from {@code past} on, behind {@code past} in the cache. */
  private static float[] pass(Session session, Cache cache, int past, int count, Tensor[] rows) {
    int wide = HEADS * SIZE;
    try (Binding binding = session.bind();
        Tensor q = rows[0].view((long) past * wide, 1, count, wide);
        Tensor k = rows[1].view((long) past * SIZE, 1, count, SIZE);
        Tensor v = rows[2].view((long) past * SIZE, 1, count, SIZE);
        Tensor y = Tensor.allocate(ElementType.FLOAT32, 1, count, wide);
        Tensor lengths = Tensor.ints(new int[] {past + count - 1}, 1);
        Tensor total = Tensor.ints(new int[] {past + count})) {
      bind(binding, q, k, v, lengths, total, y);
      bind(binding, cache, cache);
      binding.run();
      return y.toFloats();
    }
  }

  /** Queries, keys and values of {@code count} positions. */
  private static Tensor[] rows(int count, Random random) {
    Tensor[] rows = {
      Tensor.allocate(ElementType.FLOAT32, 1, count, HEADS * SIZE),
      Tensor.allocate(ElementType.FLOAT32, 1, count, SIZE),
      Tensor.allocate(ElementType.FLOAT32, 1, count, SIZE)
    };
    Arrays.stream(rows).forEach(row -> fill(row, random));
    return rows;
  }

  private static void bind(
      Binding binding, Tensor q, Tensor k, Tensor v, Tensor lengths, Tensor total, Tensor y) {
    binding.bindInput("q", q);
    binding.bindInput("k", k);
    binding.bindInput("v", v);
    binding.bindInput("lengths", lengths);
    binding.bindInput("total", total);
    binding.bindOutput("y", y);
  }

  private static void bind(Binding binding, Cache from, Cache to) {
    binding.bindInput("pk", from.keys);
    binding.bindInput("pv", from.values);
    binding.bindOutput("nk", to.keys);
    binding.bindOutput("nv", to.values);
  }

  private static float[] decodeInPlace(Session session) {
    try (Cache cache = Cache.own(2)) {
      return decode(session, cache, cache);
    }
  }

  private static float[] decodeApart(Session session) {
    try (Cache past = Cache.own(2);
        Cache present = Cache.own(2)) {
      return decode(session, past, present);
    }
  }

  /** The outputs of all steps, of two sequences that are one token apart. */
  private static float[] decode(Session session, Cache past, Cache present) {
    Random random = new Random(5);
    float[] outputs = new float[STEPS * 2 * HEADS * SIZE];
    try (Binding binding = session.bind();
        Tensor q = Tensor.allocate(ElementType.FLOAT32, 2, 1, HEADS * SIZE);
        Tensor k = Tensor.allocate(ElementType.FLOAT32, 2, 1, SIZE);
        Tensor v = Tensor.allocate(ElementType.FLOAT32, 2, 1, SIZE);
        Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 1, HEADS * SIZE);
        Tensor lengths = Tensor.allocate(ElementType.INT32, 2);
        Tensor total = Tensor.allocate(ElementType.INT32)) {
      bind(binding, q, k, v, lengths, total, y);
      for (int step = 0; step < STEPS; step++) {
        bind(binding, step % 2 == 0 ? past : present, step % 2 == 0 ? present : past);
        fill(q, random);
        fill(k, random);
        fill(v, random);
        lengths.data().setAtIndex(ValueLayout.JAVA_INT, 0, step);
        lengths.data().setAtIndex(ValueLayout.JAVA_INT, 1, step + 1);
        total.data().setAtIndex(ValueLayout.JAVA_INT, 0, step + 2);
        binding.run();
        MemorySegment.copy(
            y.data(), ValueLayout.JAVA_FLOAT, 0, outputs, step * (int) y.size(), (int) y.size());
      }
    }
    return outputs;
  }

  private static void fill(Tensor tensor, Random random) {
    for (long index = 0; index < tensor.size(); index++) {
      tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) random.nextGaussian());
    }
  }

  private static boolean different(float[] outputs) {
    return outputs[0] != outputs[outputs.length - 1] && outputs[outputs.length - 1] != 0;
  }

  private record Cache(Tensor keys, Tensor values) implements AutoCloseable {
    static Cache own(int sequences) {
      return new Cache(
          Tensor.allocate(ElementType.FLOAT32, sequences, 1, CAPACITY, SIZE),
          Tensor.allocate(ElementType.FLOAT32, sequences, 1, CAPACITY, SIZE));
    }

    static Cache slots(Tensor keys, Tensor values, int first, int count) {
      long offset = (long) first * CAPACITY * SIZE;
      return new Cache(
          keys.view(offset, count, 1, CAPACITY, SIZE),
          values.view(offset, count, 1, CAPACITY, SIZE));
    }

    @Override
    public void close() {
      keys.close();
      values.close();
    }
  }
}
