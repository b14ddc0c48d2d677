package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.PromptTuning;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/** Rows of data and prompts, in the form in which real PEFT takes them from the oracle's caller. */
final class PeftRows {
  /** The label at which PyTorch's cross-entropy does not look. */
  private static final int IGNORED = -100;

  private PeftRows() {}

  /** The training rows for {@code examples}: the prompt's tokens without labels. */
  static List<Map<String, int[]>> of(List<Example> examples) {
    return examples.stream().map(PeftRows::of).toList();
  }

  private static Map<String, int[]> of(Example example) {
    int asked = example.prompt().length;
    int[] tokens =
        IntStream.concat(IntStream.of(example.prompt()), IntStream.of(example.completion()))
            .toArray();
    int[] labels =
        IntStream.range(0, tokens.length).map(i -> i < asked ? IGNORED : tokens[i]).toArray();
    return Map.of("token_ids", tokens, "labels", labels);
  }

  /** Writes {@code rows} into {@code folder} as an adapter of {@code model}, to be read by PEFT. */
  static Path save(FrozenModel model, float[] rows, Path folder) {
    int virtualTokens = rows.length / model.manifest().hiddenSize();
    PromptTuning.of(model.baseModel(), virtualTokens, rows).save(folder);
    return folder;
  }

  /** A row of random tokens. */
  static Example random(FrozenModel model, Random random, int prompt, int completion) {
    int vocabulary = model.manifest().vocabularySize();
    return new Example(
        random.ints(prompt, 0, vocabulary).toArray(),
        random.ints(completion, 0, vocabulary).toArray(),
        OptionalInt.empty());
  }

  /** Prompt rows that lie where the model's own embeddings lie. */
  static float[] prompt(FrozenModel model, Random random, int virtualTokens) {
    return new Initialisation.SampledVocabulary().rows(virtualTokens, model, random);
  }

  /** |found - expected| / |expected|, in the Euclidean norm. */
  static double distance(float[] found, float[] expected) {
    double difference = 0;
    double length = 0;
    for (int i = 0; i < expected.length; i++) {
      double gap = (double) found[i] - expected[i];
      difference += gap * gap;
      length += (double) expected[i] * expected[i];
    }
    return Math.sqrt(difference / length);
  }
}
