package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScorerTest {
  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final Scorer scorer = Scorer.open(model, 1);

  @AfterEach
  void close() {
    scorer.close();
    model.close();
  }

  @Test
  void aScoreIsTheLogarithmOfTheSoftmaxOfTheLogitsBefore() {
    int[] tokens = Stories.tokens(model, "Once upon a time");
    List<float[]> logits = new ArrayList<>();
    Score score =
        scorer.score(tokens, Optional.empty(), (position, row) -> logits.add(row.clone()));
    assertTrue(score.tokens().getFirst().logProbability().isEmpty(), "nothing precedes it");
    double sum = 0;
    for (int i = 1; i < tokens.length; i++) {
      double all = 0;
      for (float value : logits.get(i - 1)) {
        all += Math.exp(value);
      }
      double expected = Math.log(Math.exp(logits.get(i - 1)[tokens[i]]) / all);
      assertEquals(expected, score.tokens().get(i).logProbability().getAsDouble(), 1e-6);
      sum += expected;
    }
    assertEquals(sum, score.sum(), 1e-5);
    assertEquals(Math.exp(-sum / (tokens.length - 1)), score.perplexity().getAsDouble(), 1e-4);
    assertEquals(
        List.of("<s>", "Once", " upon", " a", " time"),
        score.tokens().stream().map(ScoredToken::piece).toList());
  }

  @Test
  void underAnAdapterTheFirstTokenHasAScoreToo() {
    Score score =
        scorer.score(Stories.tokens(model, "Once"), Optional.of(Stories.fitted(model, 6, 1)));
    assertEquals(score.tokens().size(), score.scored());
    assertEquals(6, score.virtualTokens());
  }

  @Test
  void aTextOfSeveralPassesScoresAsItsPositionsDoInShorterTexts() {
    int[] tokens = new Random(4).ints(300, 3, 512).toArray();
    List<float[]> whole = new ArrayList<>();
    List<float[]> start = new ArrayList<>();
    scorer.score(tokens, Optional.empty(), (position, row) -> whole.add(row));
    int[] shorter = Arrays.copyOf(tokens, 100);
    scorer.score(shorter, Optional.empty(), (position, row) -> start.add(row));
    assertEquals(300, whole.size());
    for (int i = 0; i < 100; i++) {
      assertArrayEquals(start.get(i), whole.get(i), 1e-4f);
    }
  }

  @Test
  void aSingleTokenHasNoPerplexity() {
    assertTrue(scorer.score(new int[] {1}, Optional.empty()).perplexity().isEmpty());
  }

  @Test
  void noTokensAndTooManyAreRefused() {
    assertThrows(RequestException.class, () -> scorer.score(new int[0], Optional.empty()));
    assertThrows(RequestException.class, () -> scorer.score(new int[513], Optional.empty()));
    assertEquals(512, scorer.score(new int[512], Optional.empty()).tokens().size());
  }
}
