package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.TinyModels;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Law 2 where less than float32 is asked for: models exported in half precision, or with weights in
 * 8 or 4 bits, stay as close to PEFT in float32 as the exporter says, under every method, scored
 * and decoded.
 */
class Law2ReducedPrecisionIsBoundedTest {
  @TempDir Path folder;

  /** The bound is of the relative error: Euclidean, of each position's logits less their mean. */
  @ParameterizedTest
  @CsvSource({
    "llama, --dtype, float16, 1e-2",
    "llama, --dtype, bfloat16, 5e-2",
    "llama, --quantize, int8, 5e-2",
    "llama, --quantize, int4, 5e-1",
    "gemma3, --dtype, float16, 1e-2",
    "gemma3, --quantize, int4, 5e-1",
    "gpt2, --quantize, int8, 5e-2"
  })
  void underEveryMethod(String architecture, String option, String value, double bound) {
    try (FrozenModel model = FrozenModel.open(TinyModels.exported(architecture, option, value));
        Passes passes = new Passes(model)) {
      double worst = 0;
      for (PeftCase each : PeftCase.all(model, PeftCase.METHODS, folder)) {
        float[] theirs = each.logits().logits();
        int vocabulary = model.manifest().vocabularySize();
        double scored =
            PeftLogits.relativeError(
                theirs, passes.scored(each.tokens(), each.adapter()).logits(), vocabulary);
        double decoded =
            PeftLogits.relativeError(
                theirs, passes.decoded(each.tokens(), 5, each.adapter()), vocabulary);
        double worse = Math.max(scored, decoded);
        assertTrue(
            worse <= bound,
            () -> "%s %s %s: %s".formatted(architecture, value, each.method(), worse));
        worst = Math.max(worst, worse);
      }
      assertTrue(worst > 0, "it computes in float32");
      System.out.printf(
          "[law 2] %s in %s: relative error of logits %.1e at most under any method (bound %.0e)%n",
          architecture, value, worst, bound);
    }
  }
}
