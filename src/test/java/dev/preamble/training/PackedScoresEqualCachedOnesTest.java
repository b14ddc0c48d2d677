package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.oracle.TinyModels;
import dev.preamble.peft.AdapterEntry;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The packed pass scores rows behind an adapter, rows or keys and values, as the exported graph
 * does that reads each row alone behind a cache, on every architecture: windows shorter than prompt
 * and text, soft caps, position biases and grouped queries included.
 */
class PackedScoresEqualCachedOnesTest {
  private static final int VIRTUAL_TOKENS = 9;

  static List<String> models() {
    return TinyModels.NAMES;
  }

  @ParameterizedTest
  @MethodSource("models")
  void behindRowsAndBehindKeysAndValues(String name) {
    try (FrozenModel model = FrozenModel.open(TinyModels.exported(name));
        Evaluator evaluator = new Evaluator(model, 2)) {
      Random random = new Random(21);
      List<Example> rows =
          Stream.of(new int[] {11, 2}, new int[] {3, 4}, new int[] {1, 1}, new int[] {7, 1})
              .map(lengths -> row(model, random, lengths[0], lengths[1]))
              .toList();
      Initialisation.Start start =
          new Initialisation.Start(VIRTUAL_TOKENS, model, Optional.empty(), random);
      AdapterEntry entry =
          new AdapterEntry.EmbeddingRows(
              VIRTUAL_TOKENS,
              model.manifest().hiddenSize(),
              new Initialisation.SampledVocabulary().rows(start));
      check(evaluator, model, entry, rows);
      AdapterEntry prefix =
          new AdapterEntry.KeyValuePrefix(
              model.manifest().layers(),
              model.baseModel().shape().keyValueHeads(),
              model.baseModel().shape().headSize(),
              VIRTUAL_TOKENS,
              new Initialisation.Random().states(start));
      check(evaluator, model, prefix, rows);
    }
  }

  private static void check(
      Evaluator evaluator, FrozenModel model, AdapterEntry entry, List<Example> rows) {
    double sum = 0;
    int tokens = 0;
    try (Session session = model.session(model.graph(), SessionOptions.defaults())) {
      for (Example row : rows) {
        sum += loss(session, model, entry, row);
        tokens += row.completion().length;
      }
    }
    double found =
        evaluator.score(entry, new Dataset("rows", rows, Optional.empty(), List.of())).loss();
    assertEquals(sum / tokens, found, 1e-5 * sum / tokens, entry.getClass().getSimpleName());
  }

  private static double loss(Session session, FrozenModel model, AdapterEntry entry, Example row) {
    int vocabulary = model.manifest().vocabularySize();
    try (KeyValueCache cache = new KeyValueCache(model.manifest(), entry.count() + row.length());
        CachedSequence sequence = enter(model, session, cache, entry)) {
      if (row.prompt().length > 1) {
        sequence.advance(Arrays.copyOf(row.prompt(), row.prompt().length - 1));
      }
      double sum = 0;
      int last = row.prompt()[row.prompt().length - 1];
      for (int token : row.completion()) {
        float[] logits =
            sequence.advance(last).asSlice(0, 4L * vocabulary).toArray(ValueLayout.JAVA_FLOAT);
        double total = 0;
        for (float logit : logits) {
          total += Math.exp(logit);
        }
        sum += Math.log(total) - logits[token];
        last = token;
      }
      return sum;
    }
  }

  private static CachedSequence enter(
      FrozenModel model, Session session, KeyValueCache cache, AdapterEntry entry) {
    switch (entry) {
      case AdapterEntry.EmbeddingRows rows -> {
        CachedSequence sequence = model.sequence(session, cache);
        sequence.advanceRows(rows.values());
        return sequence;
      }
      case AdapterEntry.KeyValuePrefix prefix -> {
        cache.fill(prefix.count(), prefix.values());
        return model.sequence(session, cache);
      }
    }
  }

  private static Example row(FrozenModel model, Random random, int prompt, int completion) {
    int vocabulary = model.manifest().vocabularySize();
    return new Example(
        random.ints(prompt, 0, vocabulary).toArray(),
        random.ints(completion, 0, vocabulary).toArray(),
        OptionalInt.empty());
  }
}
