package dev.preamble.training;

import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.model.Manifest;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.util.function.Consumer;

/** What a frozen model keeps of a prompt in its cache when it reads it. */
public final class PromptStates {
  private PromptStates() {}

  /** Values of one position: layers * 2 * key/value heads * head size. */
  public static int width(FrozenModel model) {
    long width = 0;
    for (Manifest.KeyValue layer : model.manifest().keyValue()) {
      width += 2L * layer.heads() * layer.headSize();
    }
    return Math.toIntExact(width);
  }

  /** Keys and values of {@code tokens}, float [tokens, layers, 2, key/value heads, head size]. */
  static float[] ofTokens(FrozenModel model, int[] tokens) {
    return read(model, tokens.length, sequence -> sequence.advance(tokens));
  }

  /** The same for rows in front of the token embeddings, float [count, hidden size]. */
  static float[] ofRows(FrozenModel model, float[] rows) {
    return read(
        model, rows.length / model.manifest().hiddenSize(), sequence -> sequence.advanceRows(rows));
  }

  private static float[] read(FrozenModel model, int count, Consumer<CachedSequence> reader) {
    try (Session session = model.session(model.graph(), SessionOptions.defaults());
        KeyValueCache cache = new KeyValueCache(model.manifest(), count);
        CachedSequence sequence = model.sequence(session, cache)) {
      reader.accept(sequence);
      return cache.states();
    }
  }
}
