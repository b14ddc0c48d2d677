package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What holds whenever an engine has nothing to do: no slot, block or byte is held for a row. */
final class EngineInvariants {
  private EngineInvariants() {}

  /** Looks at an engine whose requests are all done. */
  static void check(Engine engine, EngineOptions options) {
    if (!(engine instanceof BatchingEngine batching)) {
      return;
    }
    BatchingEngine.Parts parts = batching.parts();
    EngineStatus status = engine.status();
    assertTrue(parts.scheduler().isEmpty(), "a row is left in the scheduler");
    assertEquals(0, parts.batch().rows().size(), "rows in the batch");
    assertEquals(0, parts.batch().decoding(), "decoding rows");
    assertEquals(0, parts.batch().cache().filled(), "positions in the cache");
    assertEquals(0, status.cache().positions(), "positions in the status");
    assertEquals(
        parts.prefixes().blocks() + parts.texts().blocks(), parts.pool().used(), "blocks taken");
    assertTrue(parts.texts().isConsistent(), "the tree of texts");
    assertTrue(status.cache().bytes() <= options.cacheBytes(), status::toString);
    assertTrue(status.prefixes().bytes() <= options.prefixBytes(), status::toString);
    assertTrue(status.texts().bytes() <= options.textBytes(), status::toString);
  }
}
