package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.oracle.Oracle;
import dev.preamble.oracle.TinyModels;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.safetensors.SafetensorsFile;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Models exported in half precision or quantised open, score and decode on the CPU; their logits
 * are PyTorch's in float32 up to a relative error (Euclidean, of logits less their mean).
 */
class ExportedTypesTest {
  private static final int[] TOKENS = {1, 17, 99, 4, 63, 63, 20, 8, 77, 31, 5};

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "llama, --dtype, float16, 2e-3",
    "gemma2, --dtype, float16, 2e-3",
    "gpt2, --dtype, float16, 2e-3",
    "llama, --dtype, bfloat16, 2e-2",
    "bloom, --dtype, bfloat16, 2e-2",
    "llama, --quantize, int8, 6e-2",
    "gpt2, --quantize, int8, 6e-2",
    "llama, --quantize, int4, 5e-1",
    "opt-post-norm, --quantize, int4, 5e-1",
  })
  void logitsAreThoseOfPyTorch(String name, String option, String type, double bound) {
    Path exported = TinyModels.exported(name, option, type);
    float[] expected = expected(exported);
    try (FrozenModel model = FrozenModel.open(exported);
        Session session = model.session(model.graph(), SessionOptions.defaults());
        KeyValueCache whole = new KeyValueCache(model.manifest(), TOKENS.length);
        KeyValueCache stepwise = new KeyValueCache(model.manifest(), TOKENS.length);
        CachedSequence once = model.sequence(session, whole);
        CachedSequence steps = model.sequence(session, stepwise)) {
      assertEquals(type, model.manifest().weights().dtype());
      int vocabulary = model.manifest().vocabularySize();
      float[] found = once.advanceWithAllLogits(TOKENS).toArray(ValueLayout.JAVA_FLOAT);
      double error = relativeError(found, expected, vocabulary);
      System.out.printf("[law 2] %s %s: relative error of logits %.1e%n", name, type, error);
      assertTrue(error <= bound, () -> "relative error %.1e above %s".formatted(error, bound));
      assertTrue(error > 1e-6, "the weights were not rounded at all");
      for (int i = 0; i < TOKENS.length; i++) {
        assertArrayEquals(
            Arrays.copyOfRange(found, i * vocabulary, (i + 1) * vocabulary),
            steps.advance(TOKENS[i]).toArray(ValueLayout.JAVA_FLOAT),
            type.equals("int8") ? 0.1f : 1e-4f);
      }
    }
  }

  private float[] expected(Path model) {
    Path out = folder.resolve("logits.safetensors");
    Oracle.shared()
        .call("logits", Map.of("model", model, "token_ids", TOKENS, "out", out.toString()));
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      return file.tensor("logits").toFloats();
    }
  }

  private static double relativeError(float[] found, float[] expected, int vocabulary) {
    double off = 0;
    double size = 0;
    for (int row = 0; row < expected.length; row += vocabulary) {
      double mean = 0;
      for (int i = row; i < row + vocabulary; i++) {
        mean += expected[i] / vocabulary;
      }
      for (int i = row; i < row + vocabulary; i++) {
        off += Math.pow(found[i] - expected[i], 2);
        size += Math.pow(expected[i] - mean, 2);
      }
    }
    return Math.sqrt(off / size);
  }
}
