package dev.preamble.generation.sampling;

import dev.preamble.model.Logits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;

/** Logits and samplers to draw from them. */
final class Draws {
  private Draws() {}

  /** Logits of the normal distribution, {@code spread} wide. */
  static float[] logits(int vocabulary, double spread, long seed) {
    Random random = new Random(seed);
    float[] logits = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      logits[i] = (float) (spread * random.nextGaussian());
    }
    return logits;
  }

  /** One row. */
  static Logits memory(float[] logits) {
    return memory(logits, logits.length);
  }

  /** Rows one after the other. */
  static Logits memory(float[] logits, int vocabulary) {
    return Logits.of(floats(logits), vocabulary);
  }

  /** One row with the maxima and sums of so many blocks. */
  static Logits inBlocks(float[] logits, int blocks) {
    float[] maxima = new float[blocks];
    float[] sums = new float[blocks];
    Arrays.fill(maxima, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < logits.length; i++) {
      int block = i / (logits.length / blocks);
      maxima[block] = Math.max(maxima[block], logits[i]);
      sums[block] += logits[i];
    }
    return memory(logits).withMaxima(floats(maxima), floats(sums), blocks);
  }

  private static MemorySegment floats(float[] values) {
    return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  static TokenSampler sampler(Sampling sampling, int vocabulary, int... prompt) {
    return new TokenSampler(
        sampling,
        prompt,
        List.of(2),
        Optional.empty(),
        OptionalInt.of(3),
        new Workspace(vocabulary));
  }

  /** How often each token comes first, a seed for each of {@code count} rows. */
  static long[] counts(Sampling sampling, float[] logits, int count) {
    Logits memory = memory(logits);
    Workspace space = new Workspace(logits.length);
    long[] counts = new long[logits.length];
    for (int seed = 0; seed < count; seed++) {
      TokenSampler sampler =
          new TokenSampler(
              sampling.withSeed(seed),
              new int[] {0},
              List.of(),
              Optional.empty(),
              OptionalInt.empty(),
              space);
      counts[sampler.next(memory, 0).id()]++;
    }
    return counts;
  }

  /** Softmax of {@code logits} over {@code temperature}, in double. */
  static double[] softmax(float[] logits, double temperature) {
    double highest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      highest = Math.max(highest, logit);
    }
    double[] probabilities = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = Math.exp((logits[i] - highest) / temperature);
      sum += probabilities[i];
    }
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] /= sum;
    }
    return probabilities;
  }
}
