package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.Stories;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whatever is done to slots, a sequence goes on with the bits that it would have gone on with. */
class SlotCacheTest {
  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final Session session =
      model.session(model.graph(), SessionOptions.defaults().withThreads(1));

  @AfterEach
  void close() {
    session.close();
    model.close();
  }

  @Test
  void movedSwappedCopiedAndResizedSlotsHoldWhatTheyHeld() {
    int[] one = new Random(1).ints(30, 3, 512).toArray();
    int[] other = new Random(2).ints(17, 3, 512).toArray();
    float[] afterOne = after(one);
    float[] afterOther = after(other);
    SlotCache cache = model.slots(session, 4, 64);
    try (SlotPass pass = model.pass(session, cache, 1)) {
      pass.advance(0, one, 0, 30, 0);
      pass.advance(2, other, 0, 17, 0);
      cache.swap(0, 2);
      cache.move(2, 3);
      assertEquals(17, cache.length(0));
      assertEquals(30, cache.length(3));
      assertEquals(0, cache.length(2));
      cache.append(1, cache, 3, 0, 16);
      cache.append(1, cache, 3, 16, 14);
      assertArrayEquals(afterOne, next(cache, pass, 1));
      assertArrayEquals(afterOne, next(cache, pass, 3));
    }
    SlotCache larger = cache.resized(6, 100);
    try (SlotPass pass = model.pass(session, larger, 1)) {
      assertArrayEquals(afterOther, next(larger, pass, 0));
      assertArrayEquals(afterOne, next(larger, pass, 3));
    }
    assertThrows(IllegalArgumentException.class, () -> larger.resized(3, 100));
    assertThrows(IllegalArgumentException.class, () -> larger.resized(6, 29));
    larger.clear(3);
    SlotCache smaller = larger.resized(2, 40);
    try (SlotPass pass = model.pass(session, smaller, 1)) {
      assertArrayEquals(afterOne, next(smaller, pass, 1));
      assertEquals(47, smaller.filled());
      assertThrows(IllegalArgumentException.class, () -> smaller.append(0, smaller, 1, 0, 30));
      assertThrows(IllegalArgumentException.class, () -> pass.advance(1, new int[20], 0, 20, 0));
    }
    smaller.close();
  }

  @Test
  void severalRowsInOneStepGiveTheBitsOfEachAlone() {
    Random random = new Random(3);
    int vocabulary = model.manifest().vocabularySize();
    try (SlotCache cache = model.slots(session, 5, 128);
        SlotPass single = model.pass(session, cache, 1);
        SlotPass all = model.pass(session, cache, 5)) {
      float[][] alone = new float[5][];
      int[] tokens = random.ints(5, 3, vocabulary).toArray();
      for (int slot = 0; slot < 5; slot++) {
        int[] prompt = random.ints(1 + 20 * slot, 3, vocabulary).toArray();
        single.advance(slot, prompt, 0, prompt.length, 0);
        alone[slot] =
            single
                .advance(slot, new int[] {tokens[slot]}, 0, 1, 1)
                .values()
                .toArray(ValueLayout.JAVA_FLOAT);
        cache.truncate(slot, prompt.length);
      }
      float[] together = all.step(tokens).values().toArray(ValueLayout.JAVA_FLOAT);
      for (int slot = 0; slot < 5; slot++) {
        float[] row = new float[vocabulary];
        System.arraycopy(together, slot * vocabulary, row, 0, vocabulary);
        assertArrayEquals(alone[slot], row);
      }
    }
  }

  /** Slots are filled, written on, moved, swapped, emptied and resized at random. */
  @Test
  void aRestoredSlotHoldsTheBitsOfItsContentAndOneWrittenOverIsNotRestored() {
    Random random = new Random(4);
    int restored = 0;
    int refused = 0;
    SlotCache cache = model.slots(session, 4, 64);
    try (SlotCache contents = model.slots(session, 3, 64);
        SlotPass fill = model.pass(session, contents, 1)) {
      float[][] after = new float[3][];
      for (int content = 0; content < 3; content++) {
        fill.advance(content, random.ints(5 + content, 3, 512).toArray(), 0, 5 + content, 0);
        after[content] = next(contents, fill, content);
      }
      for (int round = 0; round < 40; round++) {
        try (SlotPass pass = model.pass(session, cache, 1)) {
          for (int step = 0; step < 60; step++) {
            int slot = random.nextInt(4);
            int other = random.nextInt(4);
            int content = random.nextInt(3);
            int count = contents.length(content);
            switch (random.nextInt(6)) {
              case 0 -> {
                cache.clear(slot);
                cache.append(slot, contents, content, 0, count);
                cache.begins(slot, "content " + content, count);
              }
              case 1 -> {
                if (cache.length(slot) < 50) {
                  pass.advance(slot, random.ints(9, 3, 512).toArray(), 0, 9, 0);
                }
              }
              case 2 -> {
                if (slot != other) {
                  cache.clear(other);
                  cache.move(slot, other);
                }
              }
              case 3 -> {
                if (slot != other) {
                  cache.swap(slot, other);
                }
              }
              case 4 -> cache.truncate(slot, random.nextInt(Math.min(8, cache.length(slot) + 1)));
              default -> {
                cache.clear(slot);
                if (cache.restore(slot, "content " + content)) {
                  restored++;
                  assertEquals(count, cache.length(slot));
                  assertArrayEquals(after[content], next(cache, pass, slot));
                } else {
                  refused++;
                  assertEquals(0, cache.length(slot));
                }
              }
            }
          }
        }
        cache = cache.resized(4, 60 + round % 2);
      }
    }
    cache.close();
    assertTrue(restored > 10 && refused > 10, restored + " restored, " + refused + " not");
  }

  /** The logits after one token more, which is taken back. */
  private static float[] next(SlotCache cache, SlotPass pass, int slot) {
    int length = cache.length(slot);
    float[] logits =
        pass.advance(slot, new int[] {9}, 0, 1, 1).values().toArray(ValueLayout.JAVA_FLOAT);
    cache.truncate(slot, length);
    return logits;
  }

  private float[] after(int[] tokens) {
    try (SlotCache cache = model.slots(session, 1, 64);
        SlotPass pass = model.pass(session, cache, 1)) {
      pass.advance(0, tokens, 0, tokens.length, 0);
      return next(cache, pass, 0);
    }
  }
}
