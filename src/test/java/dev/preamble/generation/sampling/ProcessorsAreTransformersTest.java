package dev.preamble.generation.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.Logits;
import dev.preamble.oracle.Oracle;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/**
 * Where transformers defines a step as it is defined here, the probabilities that are drawn from
 * are those of transformers: found exactly, by the share of the unit interval that leads to each
 * token.
 */
class ProcessorsAreTransformersTest {
  private static final int VOCABULARY = 150;
  private static final int[] PROMPT = {3, 70, 70, 149};

  private final float[] logits = Draws.logits(VOCABULARY, 2.5, 21);

  @Test
  void temperatureTopKAndTopP() {
    compare(warm(0.7), List.of("temperature", 0.7));
    compare(warm(1).withTruncation(new Truncation(13, 1, 0)), List.of("top_k", 13));
    compare(warm(1).withTruncation(new Truncation(0, 0.83, 0)), List.of("top_p", 0.83));
    compare(warm(1).withTruncation(new Truncation(0, 0.05, 0)), List.of("top_p", 0.05));
    compare(
        warm(1.4).withTruncation(new Truncation(50, 0.9, 0)),
        List.of("temperature", 1.4),
        List.of("top_k", 50),
        List.of("top_p", 0.9));
  }

  @Test
  void minP() {
    compare(
        warm(1.4).withTruncation(new Truncation(0, 1, 0.07)),
        List.of("temperature", 1.4),
        List.of("min_p", 0.07));
  }

  @Test
  void repetitionPenaltyAndBias() {
    compare(warm(1).withPenalties(new Penalties(1.6, 0, 0)), List.of("repetition_penalty", 1.6));
    compare(
        warm(0.8).withPenalties(new Penalties(0.7, 0, 0)).withLogitBias(Map.of(70, 4.5, 8, -20.0)),
        List.of("repetition_penalty", 0.7),
        List.of("sequence_bias", Map.of("70", 4.5, "8", -20.0)),
        List.of("temperature", 0.8));
  }

  private static Sampling warm(double temperature) {
    return Sampling.greedy().withTemperature(temperature);
  }

  private void compare(Sampling sampling, List<?>... steps) {
    JsonNode expected =
        Oracle.shared()
            .call("processed", Map.of("logits", logits, "token_ids", PROMPT, "steps", steps))
            .get("probabilities");
    double[] found = probabilities(sampling);
    int possible = 0;
    for (int token = 0; token < VOCABULARY; token++) {
      double wanted = expected.get(token).doubleValue();
      assertEquals(wanted, found[token], 2e-6, "token " + token + " under " + sampling);
      possible += wanted > 0 ? 1 : 0;
    }
    assertTrue(possible >= 1);
  }

  /** The share of the unit interval that leads to each token, between the borders of the draw. */
  private double[] probabilities(Sampling sampling) {
    Workspace space = new Workspace(VOCABULARY);
    TokenSampler sampler =
        new TokenSampler(sampling, PROMPT, List.of(), Optional.empty(), OptionalInt.empty(), space);
    Logits memory = Draws.memory(logits);
    sampler.next(memory, 0);
    space.load(memory, 0);
    space.reset();
    new History(sampling.penalties(), PROMPT, VOCABULARY).penalise(space.logits);
    sampling.logitBias().forEach((token, bias) -> space.logits[token] += bias.floatValue());
    Draw draw = new Draw(sampling);
    double[] shares = new double[VOCABULARY];
    double from = 0;
    while (from < 1) {
      int token = draw.token(space.logits, MostProbable.of(space.logits), space, from);
      double to = border(draw, space, token, from);
      shares[token] += to - from;
      from = to;
    }
    return shares;
  }

  /** Where the interval of {@code token} that begins at {@code from} ends. */
  private static double border(Draw draw, Workspace space, int token, double from) {
    double inside = from;
    double outside = 1;
    while (outside - inside > 1e-9) {
      double middle = (inside + outside) / 2;
      if (draw.token(space.logits, MostProbable.of(space.logits), space, middle) == token) {
        inside = middle;
      } else {
        outside = middle;
      }
    }
    return outside;
  }
}
