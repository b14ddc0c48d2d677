package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A decode step, from a token's embedding to its logits, leaves nothing for the collector. */
class DecodingMakesNoGarbageTest {
  private static final int STEPS = 200;
  private static final int TRIES = 60;

  @Test
  void whenTheLoopIsWarm() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    SessionOptions options = SessionOptions.defaults().withThreads(1);
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories260K"));
        Session session = model.session(model.graph(), options)) {
      int[] token = {403};
      long least = Long.MAX_VALUE;
      for (int run = 0; run < TRIES && least > 0; run++) {
        try (KeyValueCache cache = new KeyValueCache(model.manifest(), STEPS + 1);
            CachedSequence sequence = model.sequence(session, cache)) {
          sequence.advance(token);
          long before = threads.getCurrentThreadAllocatedBytes();
          for (int step = 0; step < STEPS; step++) {
            sequence.advance(token);
          }
          least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
      }
      System.out.printf("[speed] %d decode steps leave %d bytes of garbage%n", STEPS, least);
      assertEquals(0, least);
    }
  }
}
