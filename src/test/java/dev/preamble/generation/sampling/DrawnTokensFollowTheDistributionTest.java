package dev.preamble.generation.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.Logits;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Tokens come as often as the exact distribution says: Pearson's chi-square over many seeds stays
 * below the value that one run in ten thousand exceeds. Seeds are fixed, so it fails always or
 * never.
 */
class DrawnTokensFollowTheDistributionTest {
  private static final int DRAWS = 40_000;
  private static final int VOCABULARY = 60;

  private final float[] logits = Draws.logits(VOCABULARY, 0.8, 3);

  @Test
  void plainTemperature() {
    for (double temperature : new double[] {0.5, 1, 1.7}) {
      Sampling sampling = Sampling.greedy().withTemperature(temperature);
      check(sampling, Draws.softmax(logits, temperature));
    }
  }

  @Test
  void topK() {
    Sampling sampling = Sampling.greedy().withTemperature(1);
    check(sampling.withTruncation(new Truncation(7, 1, 0)), kept(7, 0, 0));
    check(sampling.withTruncation(new Truncation(VOCABULARY, 1, 0)), kept(VOCABULARY, 0, 0));
  }

  @Test
  void topP() {
    Sampling sampling = Sampling.greedy().withTemperature(1);
    check(sampling.withTruncation(new Truncation(0, 0.6, 0)), kept(VOCABULARY, 0.6, 0));
    check(sampling.withTruncation(new Truncation(0, 0.95, 0)), kept(VOCABULARY, 0.95, 0));
  }

  @Test
  void minPThenTopKThenTopP() {
    Sampling sampling = Sampling.greedy().withTemperature(1);
    check(sampling.withTruncation(new Truncation(0, 1, 0.2)), kept(VOCABULARY, 0, 0.2));
    check(sampling.withTruncation(new Truncation(12, 0.8, 0.05)), kept(12, 0.8, 0.05));
  }

  @Test
  void aRowsTokensAreDrawnIndependently() {
    float[] even = new float[4];
    Logits memory = Draws.memory(even);
    long[] pairs = new long[16];
    for (int seed = 0; seed < 4000; seed++) {
      TokenSampler row =
          Draws.sampler(Sampling.greedy().withTemperature(1).withSeed(seed), even.length, 0);
      int before = row.next(memory, 0).id();
      for (int i = 0; i < 4; i++) {
        int next = row.next(memory, 0).id();
        pairs[4 * before + next]++;
        before = next;
      }
    }
    double[] expected = new double[16];
    Arrays.fill(expected, 1.0 / 16);
    assertTrue(chiSquare(pairs, expected) < critical(15), Arrays.toString(pairs));
  }

  @Test
  void aWrongDistributionIsFoundOut() {
    long[] counts = Draws.counts(Sampling.greedy().withTemperature(1), logits, DRAWS);
    double[] wrong = Draws.softmax(logits, 1.1);
    assertTrue(chiSquare(counts, wrong) > critical(VOCABULARY - 1));
  }

  /** What is left of the softmax, by sorting all of it. */
  private double[] kept(int topK, double topP, double minP) {
    double[] probabilities = Draws.softmax(logits, 1);
    Integer[] order = new Integer[VOCABULARY];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Double.compare(probabilities[b], probabilities[a]));
    double highest = probabilities[order[0]];
    double left = 0;
    for (int i = 0; i < VOCABULARY; i++) {
      if (i < topK && probabilities[order[i]] >= minP * highest) {
        left += probabilities[order[i]];
      } else {
        probabilities[order[i]] = 0;
      }
    }
    double mass = 0;
    double sum = 0;
    for (int i = 0; i < VOCABULARY; i++) {
      double share = probabilities[order[i]] / left;
      probabilities[order[i]] = topP == 0 || mass < topP ? share : 0;
      sum += probabilities[order[i]];
      mass += share;
    }
    for (int i = 0; i < VOCABULARY; i++) {
      probabilities[i] /= sum;
    }
    return probabilities;
  }

  private void check(Sampling sampling, double[] expected) {
    long[] counts = Draws.counts(sampling, logits, DRAWS);
    int possible = 0;
    for (int token = 0; token < VOCABULARY; token++) {
      if (expected[token] == 0) {
        assertEquals(0, counts[token], "token " + token + " may not come: " + sampling);
      } else {
        possible++;
      }
    }
    double found = chiSquare(counts, expected);
    assertTrue(
        found < critical(possible - 1),
        () -> "chi-square " + found + " of " + Arrays.toString(counts) + " for " + sampling);
  }

  private static double chiSquare(long[] counts, double[] expected) {
    long all = Arrays.stream(counts).sum();
    double sum = 0;
    for (int i = 0; i < counts.length; i++) {
      double wanted = expected[i] * all;
      if (wanted > 0) {
        sum += (counts[i] - wanted) * (counts[i] - wanted) / wanted;
      }
    }
    return sum;
  }

  /** The value exceeded with probability 1e-4, by Wilson and Hilferty's approximation. */
  private static double critical(int degrees) {
    double part = 2.0 / (9 * degrees);
    return degrees * Math.pow(1 - part + 3.719 * Math.sqrt(part), 3);
  }
}
