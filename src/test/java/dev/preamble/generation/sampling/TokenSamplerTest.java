package dev.preamble.generation.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.generation.RequestException;
import dev.preamble.model.Logits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a row's tokens depend on, and that steps follow one another as the package says. */
class TokenSamplerTest {
  private static final int VOCABULARY = 300;

  private final float[] logits = Draws.logits(VOCABULARY, 2, 1);
  private final Logits memory = Draws.memory(logits);
  private final Sampling warm = Sampling.greedy().withTemperature(1.3);

  @Test
  void aSeedFixesTheTokensWhateverOtherRowsDoBetween() {
    List<Integer> alone = tokens(Draws.sampler(warm.withSeed(7), VOCABULARY, 0), 50);
    Workspace shared = new Workspace(VOCABULARY);
    TokenSampler row = row(warm.withSeed(7), shared);
    TokenSampler other = row(warm.withTruncation(new Truncation(9, 0.5, 0.1)).withSeed(8), shared);
    List<Integer> mixed = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      mixed.add(row.next(memory, 0).id());
      other.next(memory, 0);
    }
    assertEquals(alone, mixed);
    assertNotEquals(alone, tokens(Draws.sampler(warm.withSeed(8), VOCABULARY, 0), 50));
    assertNotEquals(
        tokens(Draws.sampler(warm, VOCABULARY, 0), 50),
        tokens(Draws.sampler(warm, VOCABULARY, 0), 50),
        "rows without a seed differ");
  }

  @Test
  void severalRowsOfARequestHaveSeedsOfTheirOwn() {
    Sampling seeded = warm.withSeed(41);
    assertEquals(seeded, seeded.forRow(0));
    assertEquals(OptionalLong.of(43), seeded.forRow(2).seed());
    assertEquals(OptionalLong.empty(), warm.forRow(2).seed());
  }

  @Test
  void logProbabilitiesAreThoseOfTheModelWhateverWasChangedForTheDraw() {
    double[] expected = Draws.softmax(logits, 1);
    Sampling changed =
        warm.withSeed(1).withLogitBias(Map.of(5, 50.0)).withPenalties(new Penalties(2, 1, 1));
    ChosenToken chosen = Draws.sampler(changed, VOCABULARY, 5).next(memory, 0);
    assertEquals(5, chosen.id());
    assertEquals(Math.log(expected[5]), chosen.logProbability().getAsDouble(), 1e-6);
    int[] order =
        IntStream.range(0, VOCABULARY)
            .boxed()
            .sorted((a, b) -> Float.compare(logits[b], logits[a]))
            .limit(3)
            .mapToInt(Integer::intValue)
            .toArray();
    assertArrayEquals(order, chosen.alternatives().stream().mapToInt(Alternative::id).toArray());
    assertEquals(Math.log(expected[order[2]]), chosen.alternatives().get(2).logProbability(), 1e-6);
  }

  @Test
  void logitsAreReadFromTheirPlaceAndLeftAsTheyAre() {
    float[] two = Arrays.copyOf(logits, 2 * VOCABULARY);
    System.arraycopy(Draws.logits(VOCABULARY, 2, 9), 0, two, VOCABULARY, VOCABULARY);
    Logits both = Draws.memory(two, VOCABULARY);
    byte[] before = both.values().toArray(ValueLayout.JAVA_BYTE);
    int best = MostProbable.of(Arrays.copyOfRange(two, VOCABULARY, 2 * VOCABULARY));
    for (OptionalInt alternatives : List.of(OptionalInt.empty(), OptionalInt.of(0))) {
      TokenSampler sampler =
          new TokenSampler(
              Sampling.greedy(),
              new int[] {0},
              List.of(),
              Optional.empty(),
              alternatives,
              new Workspace(VOCABULARY));
      assertEquals(best, sampler.next(both, 1).id());
    }
    Draws.sampler(warm.withPenalties(new Penalties(2, 1, 1)), VOCABULARY, 3).next(both, 0);
    assertArrayEquals(before, both.values().toArray(ValueLayout.JAVA_BYTE));
  }

  @Test
  void endTokensWaitForTheFewestTokens() {
    float[] ending = logits.clone();
    ending[2] = 100;
    ending[9] = 90;
    Logits wanted = Draws.memory(ending);
    Ending held = Ending.MODELS.withMinTokens(3).withStopTokens(Set.of(9));
    TokenSampler sampler = Draws.sampler(Sampling.greedy().withEnding(held), VOCABULARY, 0);
    int usual = MostProbable.of(logits);
    for (int i = 0; i < 3; i++) {
      assertEquals(usual, sampler.next(wanted, 0).id());
    }
    assertEquals(2, sampler.next(wanted, 0).id());
    assertTrue(sampler.ends(2) && sampler.ends(9));
    TokenSampler ignoring =
        Draws.sampler(Sampling.greedy().withEnding(held.withIgnoreEos(true)), VOCABULARY, 0);
    assertEquals(2, ignoring.next(wanted, 0).id(), "a token like another");
    assertTrue(!ignoring.ends(2) && ignoring.ends(9));
  }

  @Test
  void aConstraintsEndIsTheEndTokensPlace() {
    ListConstraint constraint = new ListConstraint(VOCABULARY, List.of(17, 4));
    TokenSampler sampler =
        new TokenSampler(
            Sampling.greedy().withLogitBias(Map.of(2, 100.0, 40, 99.0)),
            new int[] {0},
            List.of(2),
            Optional.of(constraint.start(false)),
            OptionalInt.empty(),
            new Workspace(VOCABULARY));
    assertEquals(17, sampler.next(memory, 0).id());
    assertEquals(4, sampler.next(memory, 0).id());
    assertTrue(sampler.exhausted());
    assertEquals(2, sampler.next(memory, 0).id());
  }

  /** Among infinities, zeros of both signs and what is no number, as among any. */
  @Test
  void theMostProbableIsTheFirstOfTheHighest() {
    float[] odd = {
      Float.NaN,
      Float.intBitsToFloat(0xffc00000),
      Float.NEGATIVE_INFINITY,
      -1,
      -Float.MIN_VALUE,
      -0f,
      0,
      Float.MIN_VALUE,
      1,
      Float.POSITIVE_INFINITY
    };
    Random random = new Random(1);
    for (int round = 0; round < 5_000; round++) {
      int kinds = 1 + random.nextInt(odd.length);
      float[] values = new float[1 + random.nextInt(round % 50 == 0 ? 4_000 : 70)];
      int expected = -1;
      for (int i = 0; i < values.length; i++) {
        values[i] = odd[random.nextInt(kinds)];
        boolean higher =
            expected < 0 ? values[i] > Float.NEGATIVE_INFINITY : values[i] > values[expected];
        expected = higher ? i : expected;
      }
      float[] two = Arrays.copyOf(odd, odd.length + values.length);
      System.arraycopy(values, 0, two, odd.length, values.length);
      MemorySegment memory = Draws.memory(two).values();
      if (expected < 0) {
        assertThrows(PreambleException.class, () -> MostProbable.of(values));
        assertThrows(
            PreambleException.class, () -> MostProbable.of(memory, 4L * odd.length, values.length));
      } else {
        assertEquals(expected, MostProbable.of(values));
        assertEquals(expected, MostProbable.of(memory, 4L * odd.length, values.length));
      }
    }
  }

  @Test
  void whatIsKnownOfBlocksChangesNoToken() {
    Logits blocks = Draws.inBlocks(logits, 20);
    for (Sampling each :
        List.of(
            Sampling.greedy(),
            warm.withSeed(1),
            warm.withSeed(2).withTruncation(new Truncation(9, 0.9, 0.01)),
            warm.withSeed(3).withPenalties(new Penalties(2, 1, 1)))) {
      TokenSampler with = Draws.sampler(each, VOCABULARY, 0);
      TokenSampler without = Draws.sampler(each, VOCABULARY, 0);
      for (int i = 0; i < 30; i++) {
        assertEquals(without.next(memory, 0), with.next(blocks, 0));
      }
    }
  }

  @Test
  void theBlockOfTheHighestIsReadAndNoOtherUnlessItIsNotThere() {
    Logits blocks = Draws.inBlocks(logits, 20);
    int best = MostProbable.of(logits);
    int elsewhere = (best + VOCABULARY / 2) % VOCABULARY;
    blocks.values().setAtIndex(ValueLayout.JAVA_FLOAT, elsewhere, 1e9f);
    assertEquals(best, MostProbable.of(blocks, 0));
    blocks.values().setAtIndex(ValueLayout.JAVA_FLOAT, best, -1e9f);
    assertEquals(elsewhere, MostProbable.of(blocks, 0));
  }

  @Test
  void logitsWithoutANumberAreAFaultAndOneNumberIsEnough() {
    float[] none = new float[VOCABULARY];
    Arrays.fill(none, Float.NaN);
    for (Sampling each : List.of(Sampling.greedy(), warm)) {
      TokenSampler sampler = Draws.sampler(each, VOCABULARY, 0);
      Logits broken = Draws.memory(none);
      assertThrows(PreambleException.class, () -> sampler.next(broken, 0));
      float[] one = none.clone();
      one[8] = -3;
      assertEquals(8, sampler.next(Draws.memory(one), 0).id());
    }
  }

  @Test
  void temperaturesThatTendToNothingTendToTheMostProbable() {
    int best = MostProbable.of(logits);
    for (double temperature : new double[] {0, 1e-6, 1e-5, 1e-3}) {
      Sampling cold = Sampling.greedy().withTemperature(temperature).withSeed(3);
      assertEquals(best, Draws.sampler(cold, VOCABULARY, 0).next(memory, 0).id());
    }
  }

  @Test
  void valuesOutOfRangeAreRefusedByTheirField() {
    refused("temperature", () -> warm.withTemperature(-0.1));
    refused("temperature", () -> warm.withTemperature(Double.NaN));
    refused("top_k", () -> new Truncation(-1, 1, 0));
    refused("top_p", () -> new Truncation(0, 0, 0));
    refused("top_p", () -> new Truncation(0, 1.01, 0));
    refused("min_p", () -> new Truncation(0, 1, -1));
    refused("repetition_penalty", () -> new Penalties(0, 0, 0));
    refused("frequency_penalty", () -> new Penalties(1, 2.1, 0));
    refused("presence_penalty", () -> new Penalties(1, 0, Double.NaN));
    refused("logit_bias", () -> warm.withLogitBias(Map.of(1, 101.0)));
    refused("min_tokens", () -> Ending.MODELS.withMinTokens(-1));
  }

  private static void refused(String field, Executable made) {
    RequestException fault = assertThrows(RequestException.class, made);
    assertEquals(field, fault.field());
    assertTrue(fault.getMessage().startsWith(field + ": expected"), fault.getMessage());
  }

  private TokenSampler row(Sampling sampling, Workspace space) {
    return new TokenSampler(
        sampling, new int[] {0}, List.of(2), Optional.empty(), OptionalInt.of(3), space);
  }

  private List<Integer> tokens(TokenSampler sampler, int count) {
    return IntStream.range(0, count).mapToObj(i -> sampler.next(memory, 0).id()).toList();
  }
}
