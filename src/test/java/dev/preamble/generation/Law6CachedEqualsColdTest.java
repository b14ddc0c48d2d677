package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.peft.Adapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Law 6: a cached prefix gives what a cold one gives, and eviction never changes output. */
class Law6CachedEqualsColdTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  @TempDir Path folder;

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void aCachedPrefixGivesTheSameBitsAsAColdOne() {
    FittedAdapter adapter = Stories.fitted(model, 12, 5);
    try (Engine engine = NaiveEngine.open(model, OPTIONS)) {
      GenerationResult cold = engine.submit(request(adapter)).await();
      GenerationResult cached = engine.submit(request(adapter)).await();
      assertEquals(cold.tokens(), cached.tokens());
      PrefixStatistics prefixes = engine.status().prefixes();
      assertEquals(1, prefixes.misses());
      assertEquals(1, prefixes.hits());
      assertEquals(bytes(12), prefixes.bytes());
    }
  }

  @Test
  void aPrefixIsWhatTheRowsGiveWithinOnePass() {
    FittedAdapter adapter = Stories.fitted(model, 12, 5);
    int[] prompt = Stories.tokens(model, "Once upon a time");
    try (Engine engine = NaiveEngine.open(model, OPTIONS);
        Scorer scorer = Scorer.open(model, 1)) {
      GenerationResult result = engine.submit(request(adapter)).await();
      int[] whole = Arrays.copyOf(prompt, prompt.length + result.ids().length);
      System.arraycopy(result.ids(), 0, whole, prompt.length, result.ids().length);
      List<ScoredToken> scored = scorer.score(whole, Optional.of(adapter)).tokens();
      for (int i = 0; i < result.tokens().size(); i++) {
        assertEquals(
            scored.get(prompt.length + i).logProbability().getAsDouble(),
            result.tokens().get(i).logProbability().getAsDouble(),
            1e-4);
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
    EngineOptions twoAtATime = OPTIONS.withPrefixBytes(2 * bytes(8));
    assertEquals(Stories.ids(roomy), Stories.ids(run(adapters, twoAtATime)));
    assertEquals(Stories.ids(roomy), Stories.ids(run(adapters, OPTIONS.withPrefixBytes(0))));
  }

  private List<GenerationResult> run(List<FittedAdapter> adapters, EngineOptions options) {
    List<GenerationResult> results = new ArrayList<>();
    try (Engine engine = NaiveEngine.open(model, options)) {
      for (int round = 0; round < 3; round++) {
        adapters.forEach(adapter -> results.add(engine.submit(request(adapter)).await()));
      }
      PrefixStatistics prefixes = engine.status().prefixes();
      assertEquals(15, prefixes.hits() + prefixes.misses());
      assertEquals(options.equals(OPTIONS), prefixes.evictions() + prefixes.misses() == 5);
      assertTrue(prefixes.bytes() <= options.prefixBytes());
    }
    return results;
  }

  @Test
  void newContentUnderAnOldNameIsNewContent() {
    Adapter first = Stories.adapter(model, 6, 1);
    Adapter second = Stories.adapter(model, 6, 2);
    Path place = folder.resolve("same-name");
    try (Engine engine = NaiveEngine.open(model, OPTIONS)) {
      first.save(place);
      List<Integer> before = ids(engine, FittedAdapter.fit(Adapter.open(place), model));
      second.save(place);
      List<Integer> after = ids(engine, FittedAdapter.fit(Adapter.open(place), model));
      assertNotEquals(before, after);
      assertEquals(before, ids(engine, FittedAdapter.fit(first, model)));
      assertEquals(after, ids(engine, FittedAdapter.fit(second, model)));
      assertEquals(2, engine.status().prefixes().misses());
    }
  }

  @Test
  void thePrefixUsedLongestAgoGoesFirst() {
    List<Integer> computed = new ArrayList<>();
    try (PrefixStore store =
            new PrefixStore(
                2 * bytes(1),
                adapter -> {
                  computed.add(Integer.valueOf(adapter.digest()));
                  return new KeyValueCache(model.manifest(), 1);
                });
        KeyValueCache cache = new KeyValueCache(model.manifest(), 1)) {
      FittedAdapter any = Stories.fitted(model, 1, 1);
      for (int each : new int[] {1, 2, 1, 3, 1, 2}) {
        store.fill(new FittedAdapter("", "" + each, "", any.entry()), cache);
      }
      assertEquals(List.of(1, 2, 3, 2), computed);
      assertEquals(new PrefixStatistics(2, 4, 2, 2, 2 * bytes(1)), store.statistics());
    }
  }

  private List<Integer> ids(Engine engine, FittedAdapter adapter) {
    return Stories.ids(List.of(engine.submit(request(adapter)).await())).getFirst();
  }

  private GenerationRequest request(FittedAdapter adapter) {
    return GenerationRequest.of(Stories.tokens(model, "Once upon a time"))
        .withAdapter(adapter)
        .withMaxTokens(24)
        .withLogProbabilities(true);
  }

  private long bytes(int positions) {
    try (KeyValueCache cache = new KeyValueCache(model.manifest(), positions)) {
      return cache.bytes();
    }
  }
}
