package dev.preamble.generation.sampling;

import dev.preamble.model.Logits;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Choosing one token of 32,000. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 2, time = 1)
public class SamplerBenchmark {
  private static final int VOCABULARY = 32_000;

  /** What the row wants; scored is greedy with the log probability. */
  @Param({"greedy", "scored", "temperature", "top-k", "top-p", "penalties"})
  public String wanted;

  /** Whether the highest logits of blocks are known, as they are in the engine. */
  @Param({"false", "true"})
  public boolean blocks;

  private Logits logits;
  private TokenSampler sampler;

  /** Draws logits as peaked as a language model's. */
  @Setup(Level.Trial)
  public void draw() {
    Random random = new Random(1);
    float[] values = new float[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
      values[i] = (float) (3 * random.nextGaussian());
    }
    logits = blocks ? Draws.inBlocks(values, 160) : Draws.memory(values);
    Sampling warm = Sampling.greedy().withTemperature(1).withSeed(1);
    Sampling sampling =
        switch (wanted) {
          case "greedy", "scored" -> Sampling.greedy();
          case "temperature" -> warm;
          case "top-k" -> warm.withTruncation(new Truncation(50, 1, 0));
          case "top-p" -> warm.withTruncation(new Truncation(0, 0.95, 0));
          default -> Sampling.greedy().withPenalties(new Penalties(1.1, 0.1, 0.1));
        };
    sampler =
        new TokenSampler(
            sampling,
            new int[] {1},
            List.of(2),
            Optional.empty(),
            wanted.equals("scored") ? OptionalInt.of(0) : OptionalInt.empty(),
            new Workspace(VOCABULARY));
  }

  /** One token. */
  @Benchmark
  public ChosenToken next() {
    return sampler.next(logits, 0);
  }
}
