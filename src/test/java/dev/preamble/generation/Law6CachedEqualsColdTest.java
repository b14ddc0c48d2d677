package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.SlotCache;
import dev.preamble.peft.Adapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Law 6: what is kept gives what a cold start gives, and giving it up never changes output. */
class Law6CachedEqualsColdTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final long block = BlockPool.POSITIONS * SlotCache.bytesPerPosition(model.manifest());
  @TempDir Path folder;

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void aCachedPrefixGivesTheSameBitsAsAColdOne() {
    FittedAdapter adapter = Stories.fitted(model, 20, 5);
    EngineOptions options = OPTIONS.withTextBytes(0);
    try (Engine engine = BatchingEngine.open(model, options)) {
      GenerationResult cold = engine.submit(request(adapter)).await();
      GenerationResult cached = engine.submit(request(adapter)).await();
      assertEquals(cold.tokens(), cached.tokens(), "from the prefix that the slot held still");
      assertEquals(new PrefixStatistics(1, 1, 0, 1, 2 * block), engine.status().prefixes());
      engine.submit(request(Stories.fitted(model, 20, 6))).await();
      GenerationResult copied = engine.submit(request(adapter)).await();
      assertEquals(cold.tokens(), copied.tokens(), "from a copy of the prefix");
      assertEquals(new PrefixStatistics(2, 2, 0, 2, 4 * block), engine.status().prefixes());
      EngineInvariants.check(engine, options);
    }
  }

  @Test
  void aKeptTextGivesTheTokensOfAColdOne() {
    Random random = new Random(1);
    int[] history = random.ints(70, 3, 512).toArray();
    FittedAdapter adapter = Stories.fitted(model, 5, 1);
    List<GenerationRequest> turns = new ArrayList<>();
    turns.add(GenerationRequest.of(history).withAdapter(adapter).withMaxTokens(30));
    turns.add(GenerationRequest.of(history).withMaxTokens(30));
    try (Engine engine = BatchingEngine.open(model, OPTIONS);
        Engine cold = BatchingEngine.open(model, OPTIONS.withTextBytes(0))) {
      for (GenerationRequest first : turns) {
        GenerationResult answer = engine.submit(first).await();
        long hits = engine.status().texts().hits();
        int[] whole = new int[100];
        System.arraycopy(history, 0, whole, 0, 70);
        System.arraycopy(answer.ids(), 0, whole, 70, 30);
        GenerationRequest next =
            GenerationRequest.of(whole).withAdapter(first.adapter()).withMaxTokens(20);
        assertEquals(ids(cold, first), answer.tokens().stream().map(GeneratedToken::id).toList());
        assertEquals(ids(cold, next), ids(engine, next));
        assertEquals(6, engine.status().texts().hits() - hits, "blocks of the history reused");
      }
      assertEquals(0, cold.status().texts().entries());
      EngineInvariants.check(engine, OPTIONS);
    }
  }

  @Test
  void aTextUnderOneAdapterIsNeverUsedUnderAnother() {
    int[] text = new Random(2).ints(64, 3, 512).toArray();
    try (Engine engine = BatchingEngine.open(model, OPTIONS)) {
      for (int seed = 0; seed < 3; seed++) {
        engine
            .submit(GenerationRequest.of(text).withAdapter(Stories.fitted(model, 4, seed)))
            .await();
        assertEquals(0, engine.status().texts().hits());
      }
    }
  }

  @Test
  void evictionNeverChangesOutput() {
    List<FittedAdapter> adapters = new ArrayList<>();
    for (int seed = 0; seed < 5; seed++) {
      adapters.add(Stories.fitted(model, 4 + seed, seed));
    }
    List<GenerationResult> roomy = run(adapters, OPTIONS);
    assertEquals(
        Stories.ids(roomy), Stories.ids(run(adapters, OPTIONS.withPrefixBytes(2 * block))));
    assertEquals(Stories.ids(roomy), Stories.ids(run(adapters, OPTIONS.withPrefixBytes(0))));
  }

  private List<GenerationResult> run(List<FittedAdapter> adapters, EngineOptions options) {
    List<GenerationResult> results = new ArrayList<>();
    try (Engine engine = BatchingEngine.open(model, options)) {
      for (int round = 0; round < 3; round++) {
        adapters.forEach(adapter -> results.add(engine.submit(request(adapter)).await()));
      }
      PrefixStatistics prefixes = engine.status().prefixes();
      assertEquals(15, prefixes.hits() + prefixes.misses());
      assertEquals(options.equals(OPTIONS), prefixes.evictions() + prefixes.misses() == 5);
      EngineInvariants.check(engine, options);
    }
    return results;
  }

  @Test
  void aReloadUnderTheSameNameNeverMixes() {
    Adapter first = Stories.adapter(model, 6, 1);
    Adapter second = Stories.adapter(model, 6, 2);
    Path place = folder.resolve("same-name");
    CountDownLatch running = new CountDownLatch(1);
    try (Engine engine = BatchingEngine.open(model, OPTIONS)) {
      first.save(place);
      List<Integer> before = ids(engine, request(FittedAdapter.fit(first, model)));
      AdapterSource source = new AdapterInFolder(place, model);
      GenerationRequest plain =
          request(FittedAdapter.fit(first, model)).withAdapter(Optional.empty());
      Generation old = engine.submit(plain, source, token -> running.countDown());
      await(running);
      second.save(place);
      Generation renewed = engine.submit(plain, source, token -> {});
      List<Integer> after = renewed.await().tokens().stream().map(GeneratedToken::id).toList();
      assertEquals(before, old.await().tokens().stream().map(GeneratedToken::id).toList());
      assertNotEquals(before, after);
      assertEquals(after, ids(engine, request(FittedAdapter.fit(second, model))));
      assertEquals(2, engine.status().prefixes().misses());
      EngineInvariants.check(engine, OPTIONS);
    }
  }

  @Test
  void aPinnedPrefixIsNeverGivenUp() {
    FittedAdapter pinned = Stories.fitted(model, 10, 1);
    EngineOptions options = OPTIONS.withPrefixBytes(2 * block).withTextBytes(0);
    try (Engine engine = BatchingEngine.open(model, options)) {
      engine.pin(pinned).join();
      for (int seed = 2; seed < 6; seed++) {
        engine.submit(request(Stories.fitted(model, 10, seed))).await();
      }
      long misses = engine.status().prefixes().misses();
      assertEquals(3, engine.status().prefixes().evictions());
      engine.submit(request(pinned)).await();
      assertEquals(misses, engine.status().prefixes().misses(), "it is there still");
      PreambleException refused =
          assertThrows(PreambleException.class, () -> engine.pin(Stories.fitted(model, 17, 9)));
      assertTrue(refused.getMessage().contains("unpin"), refused.getMessage());
      engine.unpin(pinned.digest());
      engine.submit(request(Stories.fitted(model, 20, 7))).await();
      engine.submit(request(pinned)).await();
      assertEquals(misses + 2, engine.status().prefixes().misses(), "it was given up");
      EngineInvariants.check(engine, options);
    }
  }

  @Test
  void requestsThatComeTogetherComputeAPrefixOnce() {
    FittedAdapter adapter = Stories.fitted(model, 200, 3);
    try (Engine engine = BatchingEngine.open(model, OPTIONS)) {
      List<Generation> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(engine.submit(request(adapter)));
      }
      assertEquals(
          1, all.stream().map(each -> Stories.ids(List.of(each.await()))).distinct().count());
      assertEquals(1, engine.status().prefixes().misses());
      assertEquals(3, engine.status().prefixes().hits());
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<Integer> ids(Engine engine, GenerationRequest request) {
    return Stories.ids(List.of(engine.submit(request).await())).getFirst();
  }

  private GenerationRequest request(FittedAdapter adapter) {
    return GenerationRequest.of(Stories.tokens(model, "Once upon a time"))
        .withAdapter(adapter)
        .withMaxTokens(24)
        .withLogProbabilities(true);
  }
}
