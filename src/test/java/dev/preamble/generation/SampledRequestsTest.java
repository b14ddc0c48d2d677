package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.sampling.Ending;
import dev.preamble.generation.sampling.Penalties;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.generation.sampling.Truncation;
import dev.preamble.model.FrozenModel;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a request says of sampling, scores, ends and time is what it gets, from either engine. */
class SampledRequestsTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final GenerationRequest story =
      GenerationRequest.of(Stories.tokens(model, "Once upon a time")).withMaxTokens(20);

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void rowsOfARequestDifferAndEachIsWhatItsSeedGivesAloneInEitherEngine() {
    Sampling warm =
        Sampling.greedy()
            .withTemperature(1.1)
            .withTruncation(new Truncation(40, 0.95, 0.01))
            .withPenalties(new Penalties(1.1, 0.2, 0.1))
            .withSeed(77);
    try (Engine naive = NaiveEngine.open(model, OPTIONS);
        Engine batching = BatchingEngine.open(model, OPTIONS)) {
      List<GenerationRequest> rows = story.withSampling(warm).rows(5);
      List<Generation> together = rows.stream().map(batching::submit).toList();
      Set<List<Integer>> different = new HashSet<>();
      for (int i = 0; i < rows.size(); i++) {
        List<Integer> found = ids(together.get(i).await());
        GenerationRequest alone = story.withSampling(warm.withSeed(77 + i));
        assertEquals(ids(naive.submit(alone).await()), found, "row " + i);
        different.add(found);
      }
      assertEquals(5, different.size());
    }
  }

  @Test
  void endsAreWhereTheRequestPutsThem() {
    inBoth(
        engine -> {
          int[] usual = engine.submit(story).await().ids();
          int end = usual[4];
          int first = Arrays.stream(usual).boxed().toList().indexOf(end);
          Ending stopped = Ending.MODELS.withStopTokens(Set.of(end));
          GenerationResult result = engine.submit(ending(stopped)).await();
          assertEquals(FinishReason.STOP, result.finishReason());
          assertEquals(first + 1, result.tokens().size());
          assertEquals("", result.tokens().getLast().text(), "a stop token has no text");
          GenerationResult late = engine.submit(ending(stopped.withMinTokens(10))).await();
          assertTrue(late.tokens().size() >= 10);
          assertTrue(ids(late).subList(0, 9).stream().noneMatch(id -> id == end));
          GenerationRequest biased =
              story.withSampling(Sampling.greedy().withLogitBias(Map.of(2, 100.0)));
          assertEquals(1, engine.submit(biased).await().tokens().size());
          Sampling ignoring = biased.sampling().withEnding(Ending.MODELS.withIgnoreEos(true));
          GenerationResult ignored = engine.submit(biased.withSampling(ignoring)).await();
          assertEquals(20, ignored.tokens().size());
          assertEquals(FinishReason.LENGTH, ignored.finishReason());
        });
  }

  @Test
  void aStopTextInTheFewestTokensStopsNothing() {
    inBoth(
        engine -> {
          String text = engine.submit(story).await().text();
          GenerationRequest stopped = story.withStop(List.of(text.substring(0, 2)));
          assertEquals("", engine.submit(stopped).await().text());
          Sampling held = Sampling.greedy().withEnding(Ending.MODELS.withMinTokens(8));
          String longer = engine.submit(stopped.withSampling(held)).await().text();
          assertTrue(text.startsWith(longer) && longer.length() > 8, longer);
        });
  }

  @Test
  void promptAndCompletionAreScoredAsTheScorerScoresThem() {
    FittedAdapter adapter = Stories.fitted(model, 6, 3);
    inBoth(
        engine -> {
          GenerationRequest scored =
              story
                  .withAdapter(adapter)
                  .withMaxTokens(5)
                  .withLogProbabilities(OptionalInt.of(4))
                  .withPromptLogProbabilities(OptionalInt.of(2));
          GenerationResult result = engine.submit(scored).await();
          int[] prompt = scored.prompt();
          int[] all = Arrays.copyOf(prompt, prompt.length + 5);
          System.arraycopy(result.ids(), 0, all, prompt.length, 5);
          List<ScoredToken> expected;
          try (Scorer scorer = Scorer.open(model, 1)) {
            expected = scorer.score(all, Optional.of(adapter)).tokens();
          }
          assertEquals(prompt.length, result.prompt().size(), "virtual tokens are left out");
          assertTrue(result.prompt().getFirst().logProbability().isEmpty());
          for (int i = 1; i < prompt.length; i++) {
            ScoredToken found = result.prompt().get(i);
            assertEquals(expected.get(i).piece(), found.piece());
            assertEquals(
                expected.get(i).logProbability().getAsDouble(),
                found.logProbability().getAsDouble(),
                1e-4);
            assertEquals(2, found.alternatives().size());
          }
          for (int i = 0; i < 5; i++) {
            GeneratedToken found = result.tokens().get(i);
            assertEquals(
                expected.get(prompt.length + i).logProbability().getAsDouble(),
                found.logProbability().getAsDouble(),
                1e-4);
            assertEquals(4, found.alternatives().size());
            assertEquals(found.id(), found.alternatives().getFirst().id(), "greedy");
          }
          GenerationResult alone = engine.submit(scored.withMaxTokens(0)).await();
          assertEquals(List.of(), alone.tokens());
          assertEquals(FinishReason.LENGTH, alone.finishReason());
          assertEquals(prompt.length, alone.prompt().size());
        });
  }

  @Test
  void aDeadlineEndsARowWithWhatItHas() {
    inBoth(
        engine -> {
          GenerationRequest late = story.withDeadline(Optional.of(Duration.ofNanos(1)));
          GenerationResult result = engine.submit(late).await();
          assertEquals(FinishReason.TIMEOUT, result.finishReason());
          assertTrue(result.tokens().size() < 20);
          GenerationRequest inTime = story.withDeadline(Optional.of(Duration.ofMinutes(5)));
          assertEquals(FinishReason.LENGTH, engine.submit(inTime).await().finishReason());
        });
  }

  @Test
  void tokensThatTheModelDoesNotHaveAreRefusedByTheirField() {
    inBoth(
        engine -> {
          GenerationRequest biased =
              story.withSampling(Sampling.greedy().withLogitBias(Map.of(512, 1.0)));
          RequestException fault =
              assertThrows(RequestException.class, () -> engine.submit(biased));
          assertEquals("logit_bias", fault.field());
          GenerationRequest ending = ending(Ending.MODELS.withStopTokens(Set.of(-1)));
          fault = assertThrows(RequestException.class, () -> engine.submit(ending));
          assertEquals("stop_token_ids", fault.field());
        });
    assertEquals("max_tokens", refused(() -> story.withMaxTokens(0)));
    assertEquals("min_tokens", refused(() -> ending(Ending.MODELS.withMinTokens(21))));
    assertEquals("logprobs", refused(() -> story.withLogProbabilities(OptionalInt.of(21))));
    assertEquals("timeout", refused(() -> story.withDeadline(Optional.of(Duration.ZERO))));
  }

  @Test
  void rowsWithoutASeedDiffer() {
    try (Engine engine = BatchingEngine.open(model, OPTIONS)) {
      GenerationRequest warm = story.withSampling(Sampling.greedy().withTemperature(1.5));
      assertNotEquals(ids(engine.submit(warm).await()), ids(engine.submit(warm).await()));
    }
  }

  private static String refused(Executable made) {
    return assertThrows(RequestException.class, made).field();
  }

  private GenerationRequest ending(Ending ending) {
    return story.withSampling(Sampling.greedy().withEnding(ending));
  }

  private void inBoth(Consumer<Engine> check) {
    try (Engine naive = NaiveEngine.open(model, OPTIONS)) {
      check.accept(naive);
    }
    try (Engine batching = BatchingEngine.open(model, OPTIONS)) {
      check.accept(batching);
    }
  }

  private static List<Integer> ids(GenerationResult result) {
    return Arrays.stream(result.ids()).boxed().toList();
  }
}
