package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Decoding with one buffer as past and present gives, bit for bit, what two buffers give. */
class CachedAttentionInPlaceTest {
  private static final int HEADS = 2;
  private static final int SIZE = 8;
  private static final int CAPACITY = 48;
  private static final int STEPS = 40;

  @Test
  void oneBufferDecodesAsTwoDo() {
    try (Session session = Session.open(TinyGraphs.attention(HEADS, SIZE), SessionTest.ONE)) {
      float[] shared = decode(session, true);
      float[] apart = decode(session, false);
      assertTrue(different(shared), "attention gave the same output at every step");
      assertArrayEquals(apart, shared);
    }
  }

  /** The outputs of all steps, one row of two sequences that are one token apart. */
  private static float[] decode(Session session, boolean inPlace) {
    Random random = new Random(5);
    float[] outputs = new float[STEPS * 2 * HEADS * SIZE];
    try (Binding binding = session.bind();
        Tensor q = Tensor.allocate(ElementType.FLOAT32, 2, 1, HEADS * SIZE);
        Tensor k = Tensor.allocate(ElementType.FLOAT32, 2, 1, SIZE);
        Tensor v = Tensor.allocate(ElementType.FLOAT32, 2, 1, SIZE);
        Tensor y = Tensor.allocate(ElementType.FLOAT32, 2, 1, HEADS * SIZE);
        Tensor lengths = Tensor.allocate(ElementType.INT32, 2);
        Tensor total = Tensor.allocate(ElementType.INT32);
        Cache past = new Cache();
        Cache present = new Cache()) {
      binding.bindInput("q", q);
      binding.bindInput("k", k);
      binding.bindInput("v", v);
      binding.bindInput("lengths", lengths);
      binding.bindInput("total", total);
      binding.bindOutput("y", y);
      for (int step = 0; step < STEPS; step++) {
        Cache from = inPlace || step % 2 == 0 ? past : present;
        Cache to = inPlace || step % 2 == 1 ? past : present;
        binding.bindInput("pk", from.keys);
        binding.bindInput("pv", from.values);
        binding.bindOutput("nk", to.keys);
        binding.bindOutput("nv", to.values);
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

  private static final class Cache implements AutoCloseable {
    final Tensor keys = Tensor.allocate(ElementType.FLOAT32, 2, 1, CAPACITY, SIZE);
    final Tensor values = Tensor.allocate(ElementType.FLOAT32, 2, 1, CAPACITY, SIZE);

    @Override
    public void close() {
      keys.close();
      values.close();
    }
  }
}
