package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import java.util.random.RandomGenerator;

/** What a prompt's rows start from. */
public sealed interface Initialisation {
  /**
   * The rows to start with, float [virtualTokens, hidden].
   *
   * @throws TrainingException if the model cannot give them
   */
  float[] rows(int virtualTokens, FrozenModel model, RandomGenerator random);

  /** The embeddings of {@code text}, repeated or cut to the number of rows. */
  record Text(String text) implements Initialisation {
    @Override
    public float[] rows(int virtualTokens, FrozenModel model, RandomGenerator random) {
      int[] tokens = model.tokenizer().encode(text, false);
      if (tokens.length == 0) {
        throw new TrainingException(
            "initial text: expected a text of at least one token, found \"%s\"".formatted(text));
      }
      int[] repeated = new int[virtualTokens];
      for (int i = 0; i < virtualTokens; i++) {
        repeated[i] = tokens[i % tokens.length];
      }
      return model.embeddings().rows(repeated);
    }
  }

  /** The embeddings of tokens drawn from the vocabulary. */
  record SampledVocabulary() implements Initialisation {
    @Override
    public float[] rows(int virtualTokens, FrozenModel model, RandomGenerator random) {
      int vocabulary = model.embeddings().vocabularySize();
      int[] tokens = random.ints(virtualTokens, 0, vocabulary).toArray();
      return model.embeddings().rows(tokens);
    }
  }

  /** Values drawn from the standard normal distribution, as PEFT's RANDOM. */
  record Random() implements Initialisation {
    @Override
    public float[] rows(int virtualTokens, FrozenModel model, RandomGenerator random) {
      float[] rows = new float[Math.multiplyExact(virtualTokens, model.embeddings().width())];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = (float) random.nextGaussian();
      }
      return rows;
    }
  }

  /** Rows given as they are, float [virtualTokens, hidden]. */
  record Given(float[] values) implements Initialisation {
    @Override
    public float[] rows(int virtualTokens, FrozenModel model, RandomGenerator random) {
      int expected = Math.multiplyExact(virtualTokens, model.embeddings().width());
      if (values.length != expected) {
        throw new TrainingException(
            "initial rows: expected %d x %d values, found %d"
                .formatted(virtualTokens, model.embeddings().width(), values.length));
      }
      return values.clone();
    }
  }
}
