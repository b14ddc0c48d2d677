package dev.preamble.generation;

import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.model.SlotCache;
import dev.preamble.model.SlotPass;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalDouble;

/** The same text through a model in the two ways that users meet: scored, and decoded. */
final class Passes implements AutoCloseable {
  private final ModelRunner runner;
  private final Scorer scorer;
  private final int vocabulary;

  /**
   * What came of a way.
   *
   * @param logits float [tokens, vocabulary]
   * @param first log probability of the first token, where something precedes it
   */
  record Pass(float[] logits, OptionalDouble first) {}

  Passes(FrozenModel model) {
    runner = new ModelRunner(model, 1);
    scorer = Scorer.open(model, 1);
    vocabulary = model.manifest().vocabularySize();
  }

  /** As {@code score} does: the adapter, then the text in one pass. */
  Pass scored(int[] tokens, Optional<FittedAdapter> adapter) {
    float[] logits = new float[tokens.length * vocabulary];
    Score score =
        scorer.score(
            tokens,
            adapter,
            (place, row) -> System.arraycopy(row, 0, logits, place * vocabulary, vocabulary));
    return new Pass(logits, score.tokens().getFirst().logProbability());
  }

  /** As an engine does: behind a copy of the adapter's prefix, a start, then token by token. */
  float[] decoded(int[] tokens, int start, Optional<FittedAdapter> adapter) {
    float[] logits = new float[tokens.length * vocabulary];
    int virtual = adapter.map(FittedAdapter::virtualTokens).orElse(0);
    try (SlotCache cache = runner.slots(2, virtual + tokens.length + 3);
        SlotPass pass = runner.pass(cache, 1)) {
      adapter.ifPresent(
          fitted -> {
            try (KeyValueCache prefix = runner.cache(virtual);
                CachedSequence sequence = runner.sequence(prefix)) {
              ModelRunner.enter(fitted, prefix, sequence);
              cache.append(1, prefix);
            }
          });
      copy(pass.advance(1, tokens, 0, start, start).values(), logits, 0, start);
      for (int place = start; place < tokens.length; place++) {
        copy(pass.advance(1, tokens, place, 1, 1).values(), logits, place, 1);
      }
    }
    return logits;
  }

  private void copy(MemorySegment from, float[] to, int row, int rows) {
    MemorySegment.copy(from, ValueLayout.JAVA_FLOAT, 0, to, row * vocabulary, rows * vocabulary);
  }

  @Override
  public void close() {
    scorer.close();
    runner.close();
  }
}
