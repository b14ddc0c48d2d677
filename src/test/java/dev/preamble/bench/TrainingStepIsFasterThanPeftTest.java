package dev.preamble.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.bench.TrainingStepTimes.Side;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * A step of prompt tuning takes at most a quarter of what PEFT float32 takes, threads alike; {@link
 * TrainingStepBenchmark} has all settings and models.
 */
class TrainingStepIsFasterThanPeftTest {
  private static final int THREADS = 2;
  private static final double AT_LEAST = 4;

  /** Turns of each, and in further tries on a machine that others keep busy. */
  private static final int ROUNDS = 2;

  private static final int MORE_ROUNDS = 6;
  private static final int TRIES = 3;

  @Test
  void aStepTakesAQuarterAtMost() {
    JsonNode oracle = Oracle.shared().call("hello", Map.of("threads", THREADS));
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories15M"))) {
      TrainingStepTimes times = measure(model, ROUNDS);
      for (int again = 0; again < TRIES && times.ratio(Side.PEFT_FLOAT32) < AT_LEAST; again++) {
        times = measure(model, MORE_ROUNDS);
      }
      System.out.printf(
          "[bench] %s (%d threads each, PEFT's BLAS on its fast path: %s)%n",
          times, THREADS, oracle.path("blas_fast_path").asBoolean());
      assertTrue(times.ratio(Side.PEFT_FLOAT32) >= AT_LEAST, times::toString);
    }
  }

  private static TrainingStepTimes measure(FrozenModel model, int rounds) {
    return TrainingStepTimes.measure(
        model, StepSetting.A, List.of(Side.PREAMBLE, Side.PEFT_FLOAT32), THREADS, rounds);
  }
}
