package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.SlotCache;
import dev.preamble.oracle.TinyModels;
import dev.preamble.runtime.OpenHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Law 5: a row among others gives the tokens that it gives alone. Rows of every sort join at random
 * steps of one another, some are cancelled under way; prefixes and texts are given up and adapters
 * loaded anew all the time, for the budgets hold only a few.
 */
class Law5EachRowAsAloneTest {
  private int compared;
  private int cancelled;
  private double worst;

  @Test
  void everyRowOfRandomBatchesEqualsTheRowAlone() {
    compare(Stories.SMALL, 240);
  }

  /** One with windows shorter than its rows, one with learned positions. */
  @ParameterizedTest
  @ValueSource(strings = {"gemma3", "gpt2"})
  void onOtherArchitecturesToo(String name) {
    compare(TinyModels.exported(name), 60);
  }

  private static EngineOptions tight(FrozenModel model) {
    long position = SlotCache.bytesPerPosition(model.manifest());
    return EngineOptions.defaults()
        .withThreads(1)
        .withRows(5)
        .withCacheBytes(1_500 * position)
        .withPrefixBytes(80 * position)
        .withTextBytes(160 * position);
  }

  private void compare(Path path, int batches) {
    int handles = OpenHandles.count();
    try (FrozenModel model = FrozenModel.open(path)) {
      EngineOptions tight = tight(model);
      RandomRows rows = RandomRows.of(model, 48, 5);
      Random random = new Random(6);
      for (EngineOptions options : List.of(tight, tight.withRows(32).withCacheBytes(1 << 30))) {
        try (Engine engine = BatchingEngine.open(model, options)) {
          for (int batch = 0; batch < batches / 2; batch++) {
            run(engine, rows, random);
            EngineInvariants.check(engine, options);
          }
          assertTrue(engine.status().texts().hits() > 0, "no text was ever reused");
          assertTrue(engine.status().texts().evictions() > 0, "no text was ever given up");
          assertTrue(engine.status().prefixes().evictions() > 0, "no prefix was ever given up");
        }
      }
    }
    assertEquals(handles, OpenHandles.count(), "native objects left");
    assertTrue(cancelled > 5 * batches / 12, () -> "only " + cancelled + " rows were cancelled");
    System.out.printf(
        "[law 5] %s: %,d rows of %d random batches give the tokens that they give alone; %d cancelled ones a part of them; log probabilities within %.1e%n",
        path.getFileName(), compared, batches, cancelled, worst);
  }

  private void run(Engine engine, RandomRows rows, Random random) {
    Map<Generation, Integer> submitted = new LinkedHashMap<>();
    List<Integer> chosen =
        random.ints(2 + random.nextInt(9), 0, rows.requests().size()).boxed().toList();
    for (int i = 0; i < chosen.size(); i++) {
      GenerationRequest request = rows.requests().get(chosen.get(i));
      int joinAfter = random.nextInt(4);
      Generation generation = submit(engine, request, random.nextInt(3) == 0);
      submitted.put(generation, chosen.get(i));
      if (joinAfter == 0) {
        generation.await();
      } else if (joinAfter == 1) {
        Thread.yield();
      }
      if (random.nextInt(6) == 0) {
        generation.cancel();
      }
    }
    submitted.forEach((generation, index) -> compare(rows.alone().get(index), generation.await()));
  }

  private static Generation submit(Engine engine, GenerationRequest request, boolean loaded) {
    if (!loaded || request.adapter().isEmpty()) {
      return engine.submit(request);
    }
    FittedAdapter adapter = request.adapter().get();
    return engine.submit(request.withAdapter(Optional.empty()), new Loaded(adapter), token -> {});
  }

  /** An adapter that is loaded anew each time that it is wanted. */
  private record Loaded(FittedAdapter adapter) implements AdapterSource {
    @Override
    public String key() {
      return adapter.digest();
    }

    @Override
    public FittedAdapter load() {
      return new FittedAdapter("loaded", adapter.digest(), adapter.model(), adapter.entry());
    }
  }

  private void compare(GenerationResult alone, GenerationResult mixed) {
    int[] expected = alone.ids();
    int[] found = mixed.ids();
    if (mixed.finishReason() == FinishReason.CANCELLED) {
      expected = Arrays.copyOf(expected, found.length);
      cancelled++;
    } else {
      assertEquals(alone.finishReason(), mixed.finishReason());
      assertEquals(alone.text(), mixed.text());
      assertEquals(alone.usage(), mixed.usage());
      compared++;
    }
    assertArrayEquals(expected, found);
    for (int i = 0; i < found.length; i++) {
      double difference =
          alone.tokens().get(i).logProbability().orElse(0)
              - mixed.tokens().get(i).logProbability().orElse(0);
      worst = Math.max(worst, Math.abs(difference));
    }
    assertTrue(worst < 1e-3, () -> "log probabilities differ by " + worst);
  }

  @Test
  void promptScoresAreThoseOfTheRowAlone() {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      List<GenerationRequest> requests = new ArrayList<>();
      for (int length : new int[] {1, 2, 17, 300}) {
        requests.add(
            GenerationRequest.of(new Random(length).ints(length, 3, 512).toArray())
                .withAdapter(Stories.fitted(model, 9, length))
                .withPromptLogProbabilities(OptionalInt.of(2))
                .withMaxTokens(length % 2));
      }
      EngineOptions options = EngineOptions.defaults().withThreads(1);
      try (Engine engine = BatchingEngine.open(model, options);
          Engine naive = NaiveEngine.open(model, options)) {
        List<Generation> mixed = requests.stream().map(engine::submit).toList();
        for (int i = 0; i < requests.size(); i++) {
          List<ScoredToken> alone = naive.submit(requests.get(i)).await().prompt();
          List<ScoredToken> found = mixed.get(i).await().prompt();
          assertEquals(alone.size(), found.size());
          for (int place = 0; place < alone.size(); place++) {
            assertEquals(alone.get(place).id(), found.get(place).id());
            assertEquals(
                alone.get(place).logProbability().orElse(1),
                found.get(place).logProbability().orElse(1),
                1e-4);
          }
        }
        EngineInvariants.check(engine, options);
      }
    }
  }
}
