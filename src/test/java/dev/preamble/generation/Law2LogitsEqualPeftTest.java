package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.TinyModels;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Law 2: under adapters that PEFT wrote, of every method, the logits are PEFT's to 1e-4 in float32,
 * in one pass and token by token behind a prefix kept in a cache. The tiny random models have
 * grouped heads, soft caps, and windows shorter than the prompt.
 */
class Law2LogitsEqualPeftTest {
  private static final double LIMIT = 1e-4;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama",
        "mistral",
        "qwen2",
        "qwen3",
        "smollm3",
        "phi3",
        "gemma2",
        "gemma3",
        "gpt2",
        "opt",
        "gpt_neox",
        "gpt_neox-sequential",
        "bloom"
      })
  void ofEveryArchitectureUnderEveryMethod(String architecture) {
    compare(architecture, TinyModels.exported(architecture), PeftCase.METHODS);
  }

  /** PEFT's rows are as wide as the layers, which a narrower embedding cannot take. */
  @Test
  void ofAnEmbeddingNarrowerThanTheLayersUnderPrefixes() {
    compare("opt-post-norm", TinyModels.exported("opt-post-norm"), PeftCase.PREFIXES);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "stories15M"})
  void ofModelsWithRealWeights(String model) {
    compare(model, Path.of("test-fixtures", model), PeftCase.METHODS);
  }

  private void compare(String name, Path path, List<String> methods) {
    try (FrozenModel model = FrozenModel.open(path);
        Passes passes = new Passes(model)) {
      List<PeftCase> cases = PeftCase.all(model, methods, folder);
      float[] base = cases.getFirst().logits().logits();
      for (PeftCase each : cases) {
        assertTrue(
            each.adapter().isEmpty()
                || PeftLogits.worst(base, each.logits().logits()) > 100 * LIMIT,
            each.method() + " changes nothing in " + name);
        compare(name, each, passes);
      }
    }
  }

  private static void compare(String name, PeftCase given, Passes passes) {
    PeftLogits theirs = given.logits();
    Passes.Pass scored = passes.scored(given.tokens(), given.adapter());
    float[] decoded = passes.decoded(given.tokens(), given.tokens().length / 3, given.adapter());
    double worst =
        Math.max(
            PeftLogits.worst(theirs.logits(), scored.logits()),
            PeftLogits.worst(theirs.logits(), decoded));
    System.out.printf("[parity] %s %s %.1e%n", name, given.method(), worst);
    double cached = PeftLogits.worst(scored.logits(), decoded);
    String figures = "%s %s: %s, cached %s".formatted(name, given.method(), worst, cached);
    assertTrue(worst <= LIMIT && cached <= LIMIT, figures);
    assertEquals(theirs.first().isPresent(), scored.first().isPresent(), figures);
    theirs
        .first()
        .ifPresent(
            logits ->
                assertEquals(
                    PeftLogits.logProbability(logits, given.tokens()[0]),
                    scored.first().getAsDouble(),
                    LIMIT,
                    figures));
  }
}
