package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.runtime.OffHost;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Keys and values that come from outside the model. */
class KeyValueCacheTest {
  private static final int COUNT = 3;
  private final Manifest manifest = Manifest.read(Path.of("test-fixtures/stories260K"));

  @Test
  void givenStatesStandWhereTheModelReadsThem() {
    Manifest.KeyValue shape = manifest.keyValue().getFirst();
    int width = shape.heads() * shape.headSize();
    float[] states = states();
    try (KeyValueCache cache = new KeyValueCache(manifest, 5)) {
      cache.fill(COUNT, states);
      assertEquals(COUNT, cache.length());
      for (int position = 0; position < COUNT; position++) {
        for (int layer = 0; layer < manifest.layers(); layer++) {
          for (int head = 0; head < shape.heads(); head++) {
            for (int i = 0; i < shape.headSize(); i++) {
              int from =
                  ((position * manifest.layers() + layer) * 2) * width
                      + head * shape.headSize()
                      + i;
              long to = ((long) head * 5 + position) * shape.headSize() + i;
              assertEquals(states[from], at(cache.key(layer), to));
              assertEquals(states[from + width], at(cache.value(layer), to));
            }
          }
        }
      }
      try (KeyValueCache copy = new KeyValueCache(manifest, 8)) {
        copy.copyFrom(cache);
        assertArrayEquals(states, readBack(copy));
      }
    }
  }

  @Test
  void aCacheOffTheHostHoldsTheSame() {
    try (OffHost there = new OffHost();
        KeyValueCache far = new KeyValueCache(manifest, 5, there::allocate);
        KeyValueCache farther = new KeyValueCache(manifest, 4, there::allocate);
        KeyValueCache here = new KeyValueCache(manifest, 6)) {
      far.fill(COUNT, states());
      farther.copyFrom(far);
      here.copyFrom(farther);
      assertEquals(COUNT, here.length());
      assertArrayEquals(states(), readBack(here));
      assertEquals(far.bytes() / 5, farther.bytes() / 4);
    }
  }

  @Test
  void halfPrecisionStatesAreRounded() {
    float[] states = states();
    states[0] = 1 + 0x1p-8f; // Between two bfloat16 numbers: the even one is 1.
    states[1] = Float.NaN;
    Manifest.KeyValue shape = manifest.keyValue().getFirst();
    try (KeyValueCache half = new KeyValueCache(computing("float16"), COUNT);
        KeyValueCache brain = new KeyValueCache(computing("bfloat16"), COUNT)) {
      half.fill(COUNT, states);
      brain.fill(COUNT, states);
      assertEquals(half.bytes(), brain.bytes());
      assertEquals(1, widened(brain, 0));
      assertTrue(Float.isNaN(widened(brain, 1)));
      for (int i = 0; i < shape.headSize(); i++) {
        short stored = half.key(0).data().getAtIndex(ValueLayout.JAVA_SHORT, i);
        assertEquals(Float.floatToFloat16(states[i]), stored);
        if (i > 1) {
          assertEquals(states[i], widened(brain, i), states[i] * 0x1p-8f);
        }
      }
    }
  }

  private static float widened(KeyValueCache cache, long index) {
    return Float.intBitsToFloat(
        cache.key(0).data().getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
  }

  private Manifest computing(String dtype) {
    return new Manifest(
        manifest.formatVersion(),
        manifest.task(),
        manifest.graph(),
        manifest.graphSha256(),
        manifest.baseModel(),
        manifest.architecture(),
        manifest.vocabularySize(),
        manifest.hiddenSize(),
        manifest.contextLength(),
        manifest.attentionHeads(),
        dtype,
        manifest.weights(),
        manifest.keyValue(),
        manifest.embedding(),
        manifest.specialTokens(),
        manifest.tokenizer(),
        manifest.exporter());
  }

  @Test
  void statesThatDoNotFitAreRefused() {
    try (KeyValueCache cache = new KeyValueCache(manifest, COUNT)) {
      assertThrows(IllegalArgumentException.class, () -> cache.fill(COUNT + 1, states()));
      assertThrows(IllegalArgumentException.class, () -> cache.fill(COUNT, new float[7]));
      cache.fill(COUNT, states());
      assertThrows(IllegalArgumentException.class, () -> cache.fill(COUNT, states()));
    }
  }

  private float[] states() {
    Manifest.KeyValue shape = manifest.keyValue().getFirst();
    float[] states = new float[COUNT * manifest.layers() * 2 * shape.heads() * shape.headSize()];
    Random random = new Random(1);
    for (int i = 0; i < states.length; i++) {
      states[i] = random.nextFloat();
    }
    return states;
  }

  private float[] readBack(KeyValueCache cache) {
    Manifest.KeyValue shape = manifest.keyValue().getFirst();
    float[] states = states();
    int next = 0;
    for (int position = 0; position < COUNT; position++) {
      for (int layer = 0; layer < manifest.layers(); layer++) {
        for (Tensor tensor : new Tensor[] {cache.key(layer), cache.value(layer)}) {
          for (int head = 0; head < shape.heads(); head++) {
            for (int i = 0; i < shape.headSize(); i++) {
              states[next++] =
                  at(tensor, ((long) head * cache.capacity() + position) * shape.headSize() + i);
            }
          }
        }
      }
    }
    return states;
  }

  private static float at(Tensor tensor, long index) {
    return tensor.data().getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }
}
