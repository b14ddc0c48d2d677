package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.safetensors.SafetensorsFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A model that is no Llama, against what PyTorch made of it: no Python is needed. */
class TinyGpt2Test {
  private static final Path MODEL = Path.of("test-fixtures/tiny-gpt2");
  private static final String TEXT = "The river isn't wider than 25 boats: näive ☃!";

  private final int[] tokens;
  private final float[] logits;
  private final int[] greedy;

  TinyGpt2Test() {
    try (SafetensorsFile expected = SafetensorsFile.open(MODEL.resolve("expected.safetensors"))) {
      tokens = integers(expected, "token_ids");
      logits = expected.tensor("logits").toFloats();
      greedy = integers(expected, "greedy");
    }
  }

  private static int[] integers(SafetensorsFile file, String name) {
    return file.tensor(name).toInts();
  }

  @Test
  void theTokenizerGivesPythonsTokensAndTheTextBack() {
    try (FrozenModel model = FrozenModel.open(MODEL)) {
      assertArrayEquals(tokens, model.tokenizer().encode(TEXT, true));
      assertEquals(TEXT, model.tokenizer().decode(tokens));
    }
  }

  @Test
  void logitsOfOnePassAndOfSingleStepsAreThoseOfPyTorch() {
    try (FrozenModel model = FrozenModel.open(MODEL);
        Session session = model.session(model.graph(), SessionOptions.defaults());
        KeyValueCache whole = new KeyValueCache(model.manifest(), tokens.length);
        KeyValueCache stepwise = new KeyValueCache(model.manifest(), tokens.length);
        CachedSequence once = model.sequence(session, whole);
        CachedSequence steps = model.sequence(session, stepwise)) {
      int vocabulary = model.manifest().vocabularySize();
      MemorySegment all = once.advanceWithAllLogits(tokens);
      assertArrayEquals(logits, all.toArray(ValueLayout.JAVA_FLOAT), 1e-4f);
      for (int i = 0; i < tokens.length; i++) {
        float[] expected = Arrays.copyOfRange(logits, i * vocabulary, (i + 1) * vocabulary);
        float[] found = steps.advance(tokens[i]).toArray(ValueLayout.JAVA_FLOAT);
        assertArrayEquals(expected, found, 1e-4f);
      }
    }
  }

  @Test
  void greedyTokensAreThoseOfTransformers() {
    try (FrozenModel model = FrozenModel.open(MODEL);
        Session session = model.session(model.graph(), SessionOptions.defaults());
        KeyValueCache cache = new KeyValueCache(model.manifest(), tokens.length + greedy.length);
        CachedSequence sequence = model.sequence(session, cache)) {
      int[] found = new int[greedy.length];
      MemorySegment last = sequence.advance(tokens);
      for (int i = 0; i < found.length; i++) {
        float[] scores = last.toArray(ValueLayout.JAVA_FLOAT);
        found[i] =
            IntStream.range(0, scores.length)
                .reduce((a, b) -> scores[b] > scores[a] ? b : a)
                .orElseThrow();
        last = sequence.advance(found[i]);
      }
      assertArrayEquals(greedy, found);
    }
  }
}
