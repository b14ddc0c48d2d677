package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterEntry;
import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What a prompt starts from: as rows in front of the token embeddings, or as every layer's keys and
 * values.
 */
public sealed interface Initialisation {
  /**
   * The rows to start with, float [virtualTokens, hidden].
   *
   * @throws TrainingException if model or data cannot give them
   */
  float[] rows(Start start);

  /**
   * The keys and values to start with, float [virtualTokens, layers, 2, key/value heads, head
   * size].
   *
   * @throws TrainingException if model or data cannot give them
   */
  float[] states(Start start);

  /**
   * Where training starts.
   *
   * @param virtualTokens rows that are wanted
   * @param model the frozen model
   * @param labels the words of the data's labels, where it has labels
   * @param random decides what is random
   */
  record Start(
      int virtualTokens, FrozenModel model, Optional<LabelWords> labels, RandomGenerator random) {

    private int rowValues() {
      return Math.multiplyExact(virtualTokens, model.manifest().hiddenSize());
    }

    private int stateValues() {
      return Math.multiplyExact(virtualTokens, PromptStates.width(model));
    }

    private int[] repeated(int[] tokens) {
      int[] repeated = new int[virtualTokens];
      Arrays.setAll(repeated, i -> tokens[i % tokens.length]);
      return repeated;
    }
  }

  /**
   * Tokens, repeated or cut to the number of virtual tokens: their embeddings, or what the model
   * keeps of them in its cache when it reads them.
   */
  sealed interface Tokens extends Initialisation {
    /**
     * The tokens, as many as there are.
     *
     * @param special whether tokens that begin a text belong to them
     */
    int[] tokens(Start start, boolean special);

    @Override
    default float[] rows(Start start) {
      return start.model().embeddings().rows(start.repeated(tokens(start, false)));
    }

    @Override
    default float[] states(Start start) {
      return PromptStates.ofTokens(start.model(), start.repeated(tokens(start, true)));
    }
  }

  /** The tokens of {@code text}, such as an instruction. */
  record Text(String text) implements Tokens {
    @Override
    public int[] tokens(Start start, boolean special) {
      if (start.model().tokenizer().encode(text, false).length == 0) {
        throw new TrainingException(
            "initial text: expected a text of at least one token, found \"%s\"".formatted(text));
      }
      return start.model().tokenizer().encode(text, special);
    }
  }

  /** Tokens drawn from the vocabulary, one a virtual token. */
  record SampledVocabulary() implements Tokens {
    @Override
    public int[] tokens(Start start, boolean special) {
      int vocabulary = start.model().embeddings().vocabularySize();
      return start.random().ints(start.virtualTokens(), 0, vocabulary).toArray();
    }
  }

  /** The words that the data's labels stand for. */
  record Labels() implements Tokens {
    @Override
    public int[] tokens(Start start, boolean special) {
      return start
          .labels()
          .orElseThrow(
              () ->
                  new TrainingException(
                      "initialisation by labels: expected data with labels (--labels), found rows without"))
          .tokens()
          .stream()
          .mapToInt(Integer::intValue)
          .toArray();
    }
  }

  /** Values drawn from the standard normal distribution, as PEFT's RANDOM. */
  record Random() implements Initialisation {
    @Override
    public float[] rows(Start start) {
      return normal(start.rowValues(), start.random());
    }

    @Override
    public float[] states(Start start) {
      return normal(start.stateValues(), start.random());
    }

    private static float[] normal(int count, RandomGenerator random) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        values[i] = (float) random.nextGaussian();
      }
      return values;
    }
  }

  /** Zeros. A prefix of zeros is no empty one: it takes its share of every attention. */
  record Zero() implements Initialisation {
    @Override
    public float[] rows(Start start) {
      return new float[start.rowValues()];
    }

    @Override
    public float[] states(Start start) {
      return new float[start.stateValues()];
    }
  }

  /**
   * What another adapter learned (SPoT, Vu et al. 2022), of as many virtual tokens. Rows can start
   * keys and values too: those that the model keeps of them.
   *
   * @param adapter the other adapter
   * @param task which of its tasks
   */
  record Learned(Adapter adapter, int task) implements Initialisation {
    @Override
    public float[] rows(Start start) {
      return switch (entry(start)) {
        case AdapterEntry.EmbeddingRows rows -> rows.values();
        case AdapterEntry.KeyValuePrefix prefix ->
            throw new TrainingException(
                "initial adapter %s: expected rows in front of the token embeddings, found keys and values of %d positions; these can start prefix tuning or a cartridge"
                    .formatted(adapter.name(), prefix.count()));
      };
    }

    @Override
    public float[] states(Start start) {
      return switch (entry(start)) {
        case AdapterEntry.EmbeddingRows rows -> PromptStates.ofRows(start.model(), rows.values());
        case AdapterEntry.KeyValuePrefix prefix -> prefix.values();
      };
    }

    private AdapterEntry entry(Start start) {
      AdapterEntry entry = adapter.entry(start.model().baseModel().shape(), task);
      if (entry.count() != start.virtualTokens()) {
        throw new TrainingException(
            "initial adapter %s: expected %d virtual tokens, found %d; give --virtual-tokens %d"
                .formatted(adapter.name(), start.virtualTokens(), entry.count(), entry.count()));
      }
      return entry;
    }
  }

  /** Values given as they are, for the kind of prompt that is learned. */
  record Given(float[] values) implements Initialisation {
    @Override
    public float[] rows(Start start) {
      return checked(start.rowValues());
    }

    @Override
    public float[] states(Start start) {
      return checked(start.stateValues());
    }

    private float[] checked(int expected) {
      if (values.length != expected) {
        throw new TrainingException(
            "initial values: expected %d, found %d".formatted(expected, values.length));
      }
      return values.clone();
    }
  }
}
