package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.PromptTuning;
import dev.preamble.training.method.LearningMethod;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/** Rows of data and prompts, in the form in which real PEFT takes them from the oracle's caller. */
final class PeftRows {
  /** The label at which PyTorch's cross-entropy does not look. */
  private static final int IGNORED = -100;

  private static final String EMBEDDING = "embedding.weight";

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

  /** Prompt tuning of {@code virtualTokens} rows. */
  static LearningMethod promptTuning(FrozenModel model, int virtualTokens) {
    return PromptTuningConfig.defaults(virtualTokens).method(model);
  }

  /** The parameters of prompt tuning. */
  static Parameters parameters(FrozenModel model, float[] rows) {
    int hidden = model.manifest().hiddenSize();
    return Parameters.of(
        Parameters.Parameter.trained(EMBEDDING, rows, rows.length / hidden, hidden));
  }

  /** The gradient of prompt tuning's rows. */
  static float[] gradient(GradientStep.Result result) {
    return result.gradient().values(EMBEDDING);
  }

  /** Prompt rows that lie where the model's own embeddings lie. */
  static float[] prompt(FrozenModel model, Random random, int virtualTokens) {
    return new Initialisation.SampledVocabulary()
        .rows(new Initialisation.Start(virtualTokens, model, Optional.empty(), random));
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
