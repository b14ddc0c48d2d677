package dev.preamble.generation;

import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.model.Manifest;
import dev.preamble.model.SlotCache;
import dev.preamble.model.SlotPass;
import dev.preamble.peft.AdapterEntry;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A model in a session of its own, and how adapters and requests fit its positions. */
final class ModelRunner implements AutoCloseable {
  private final FrozenModel model;
  private final Session session;

  ModelRunner(FrozenModel model, int threads) {
    this(model, threads, true);
  }

  /**
   * @param spins whether the threads that compute stay awake between two runs
   */
  ModelRunner(FrozenModel model, int threads, boolean spins) {
    this.model = model;
    this.session =
        model.session(
            model.decodingGraph(),
            SessionOptions.defaults().withThreads(threads).withSpinning(spins));
  }

  Manifest manifest() {
    return model.manifest();
  }

  KeyValueCache cache(int positions) {
    return new KeyValueCache(model.manifest(), positions, session);
  }

  /** Empty slots for several rows. */
  SlotCache slots(int slots, int positions) {
    return model.slots(session, slots, positions);
  }

  /** A pass over {@code rows} slots of {@code cache} at a time. */
  SlotPass pass(SlotCache cache, int rows) {
    return model.pass(session, cache, rows);
  }

  /** A sequence that continues what {@code cache} holds. */
  CachedSequence sequence(KeyValueCache cache) {
    return model.sequence(session, cache);
  }

  /**
   * Puts {@code adapter} at the start of {@code sequence}, which writes to {@code cache}.
   *
   * @return the logits of what follows it, float [vocabulary], where the adapter went through the
   *     model
   */
  static Optional<MemorySegment> enter(
      FittedAdapter adapter, KeyValueCache cache, CachedSequence sequence) {
    return switch (adapter.entry()) {
      case AdapterEntry.EmbeddingRows rows -> Optional.of(sequence.advanceRows(rows.values()));
      case AdapterEntry.KeyValuePrefix prefix -> {
        cache.fill(prefix.count(), prefix.values());
        yield Optional.empty();
      }
    };
  }

  /** Refuses a request that this model cannot run. */
  void check(GenerationRequest request) {
    check(request.prompt(), request.adapter(), request.maxTokens());
    if (!request.stop().isEmpty() && manifest().tokenizer().isEmpty()) {
      throw new RequestException("stop", "stop: the model has no tokenizer, so there is no text");
    }
    request.sampling().logitBias().keySet().forEach(token -> checkToken("logit_bias", token));
    request.sampling().ending().stopTokens().forEach(token -> checkToken("stop_token_ids", token));
  }

  private void checkToken(String field, int token) {
    int vocabulary = manifest().vocabularySize();
    if (token < 0 || token >= vocabulary) {
      throw new RequestException(
          field,
          "%s: expected token ids from 0 to %,d, found %,d"
              .formatted(field, vocabulary - 1, token));
    }
  }

  /**
   * Refuses tokens that the model does not have, more positions than it has, and adapters fitted to
   * another model.
   *
   * @param generated positions wanted behind the tokens
   */
  void check(int[] tokens, Optional<FittedAdapter> adapter, int generated) {
    Manifest manifest = manifest();
    adapter
        .filter(fitted -> !fitted.model().equals(model.digest()))
        .ifPresent(
            fitted -> {
              throw new RequestException(
                  "model",
                  "model: adapter %s was fitted to another model than the one that runs"
                      .formatted(fitted.name()));
            });
    for (int token : tokens) {
      checkToken("prompt", token);
    }
    int virtual = adapter.map(FittedAdapter::virtualTokens).orElse(0);
    long positions = (long) virtual + tokens.length + generated;
    if (positions > manifest.contextLength()) {
      boolean promptAlone = (long) virtual + tokens.length + 1 > manifest.contextLength();
      throw new RequestException(
          promptAlone ? "prompt" : "max_tokens",
          "%s: the model's context has %,d positions; asked for %,d: %,d virtual tokens of the adapter, %,d of the prompt, %,d to generate; %s"
              .formatted(
                  promptAlone ? "prompt" : "max_tokens",
                  manifest.contextLength(),
                  positions,
                  virtual,
                  tokens.length,
                  generated,
                  promptAlone
                      ? "shorten the prompt"
                      : "ask for at most " + (manifest.contextLength() - virtual - tokens.length)));
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
