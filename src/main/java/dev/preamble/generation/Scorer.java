package dev.preamble.generation;

import dev.preamble.generation.sampling.LogProbabilities;
import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.model.TextTokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Says how probable each token of a given text is, given what precedes it: an adapter's rows, then
 * the tokens before. Used by one thread.
 */
public final class Scorer implements AutoCloseable {
  /** Tokens that pass through the model at a time: their logits are the largest thing in memory. */
  private static final int PASS = 128;

  private final ModelRunner runner;
  private final Optional<TextTokenizer> tokenizer;

  /** Is given the logits of each position of the text in order, float [vocabulary]. */
  @FunctionalInterface
  public interface LogitsListener {
    /** Called once a position; {@code logits} belongs to the listener. */
    void onLogits(int position, float[] logits);
  }

  private Scorer(FrozenModel model, int threads) {
    this.runner = new ModelRunner(model, threads);
    this.tokenizer = model.manifest().tokenizer().map(file -> model.tokenizer());
  }

  /**
   * A scorer of texts under {@code model}, which must stay open until the scorer is closed.
   *
   * @param threads threads that compute
   */
  public static Scorer open(FrozenModel model, int threads) {
    return new Scorer(model, threads);
  }

  /** Scores {@code tokens} under {@code adapter}, if there is one. */
  public Score score(int[] tokens, Optional<FittedAdapter> adapter) {
    return score(tokens, adapter, (position, logits) -> {});
  }

  /**
   * Scores {@code tokens} and hands out the logits that follow each of them; positions of the
   * adapter's rows are left out.
   *
   * @throws RequestException if the tokens are none, or not the model's, or too many
   */
  public Score score(int[] tokens, Optional<FittedAdapter> adapter, LogitsListener listener) {
    if (tokens.length == 0) {
      throw new RequestException("text", "text: expected at least one token, found none");
    }
    runner.check(tokens, adapter, 0);
    int virtual = adapter.map(FittedAdapter::virtualTokens).orElse(0);
    int vocabulary = runner.manifest().vocabularySize();
    List<ScoredToken> scored = new ArrayList<>();
    List<String> pieces = TokenPieces.of(tokens, tokenizer);
    try (KeyValueCache cache = runner.cache(virtual + tokens.length);
        CachedSequence sequence = runner.sequence(cache)) {
      Optional<LogProbabilities> before =
          adapter
              .flatMap(fitted -> ModelRunner.enter(fitted, cache, sequence))
              .map(logits -> new LogProbabilities(row(logits, 0, vocabulary)));
      for (int start = 0; start < tokens.length; start += PASS) {
        int end = Math.min(tokens.length, start + PASS);
        MemorySegment logits =
            sequence.advanceWithAllLogits(Arrays.copyOfRange(tokens, start, end));
        for (int place = start; place < end; place++) {
          scored.add(token(tokens[place], pieces.get(place), before));
          float[] after = row(logits, place - start, vocabulary);
          before = Optional.of(new LogProbabilities(after));
          listener.onLogits(place, after);
        }
      }
    }
    return new Score(scored, virtual);
  }

  private static ScoredToken token(int id, String piece, Optional<LogProbabilities> before) {
    return new ScoredToken(
        id,
        piece,
        before
            .map(probabilities -> OptionalDouble.of(probabilities.of(id)))
            .orElse(OptionalDouble.empty()),
        List.of());
  }

  /** Row {@code row} of {@code logits}, float [rows, vocabulary]. */
  private static float[] row(MemorySegment logits, long row, int vocabulary) {
    float[] values = new float[vocabulary];
    MemorySegment.copy(logits, ValueLayout.JAVA_FLOAT, 4 * row * vocabulary, values, 0, vocabulary);
    return values;
  }

  @Override
  public void close() {
    runner.close();
  }
}
