package dev.preamble.generation;

import dev.preamble.model.KeyValueCache;
import dev.preamble.model.Logits;
import dev.preamble.model.SlotCache;
import dev.preamble.peft.AdapterEntry;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Brings rows to where they decode: the adapter's prefix, from the store or computed, then what is
 * kept of the text, then the rest of the prompt. One call does a chunk of one row, so that rows
 * that decode wait for no more than that. Used by the engine's thread.
 */
final class Prefill {
  /** Positions in a chunk while other rows decode: about what a step of theirs costs again. */
  private static final int SHORT = 64;

  /** Positions in a chunk while nobody waits for the next token. */
  private static final int LONG = 256;

  private final ModelRunner runner;
  private final Batch batch;
  private final PrefixStore prefixes;
  private final TextStore texts;
  private int turn;

  /** Logits after a prompt: row {@code place} of {@code logits}. */
  record Prompted(Logits logits, int place) {}

  Prefill(ModelRunner runner, Batch batch, PrefixStore prefixes, TextStore texts) {
    this.runner = runner;
    this.batch = batch;
    this.prefixes = prefixes;
    this.texts = texts;
  }

  /** The row whose turn it is: each that has a prompt to enter in turn, if there is any. */
  Optional<ActiveRow> next() {
    List<ActiveRow> rows = batch.rows();
    int prefilling = rows.size() - batch.decoding();
    for (int i = 0; i < prefilling; i++) {
      ActiveRow row = rows.get(batch.decoding() + (turn + i) % prefilling);
      if (!waitsForPrefix(row)) {
        turn = (turn + i + 1) % prefilling;
        return Optional.of(row);
      }
    }
    return Optional.empty();
  }

  /** Whether another row is computing the prefix that this one needs. */
  private boolean waitsForPrefix(ActiveRow row) {
    return !row.isUnderAdapter()
        && !row.computesPrefix()
        && batch.rows().stream()
            .anyMatch(other -> other.computesPrefix() && other.textKey().equals(row.textKey()));
  }

  /** Puts into a new row's slot what is there without computing. */
  void begin(ActiveRow row) {
    if (row.isUnderAdapter()) {
      enterText(row);
    }
  }

  /**
   * Does a chunk of the row.
   *
   * @return the logits after its prompt, if that is through
   */
  Optional<Prompted> advance(ActiveRow row) {
    if (!row.isUnderAdapter()) {
      FittedAdapter adapter = row.adapter().orElseThrow();
      if (row.computesPrefix() || !prefixes.enter(adapter, batch.cache(), batch.slot(row))) {
        computePrefix(row, adapter);
        return Optional.empty();
      }
      row.adapterIsThrough();
      enterText(row);
    }
    return row.isReadyToDecode() ? Optional.empty() : feed(row);
  }

  private int chunk() {
    return batch.decoding() > 0 ? SHORT : LONG;
  }

  private void computePrefix(ActiveRow row, FittedAdapter adapter) {
    row.computePrefix();
    int slot = batch.slot(row);
    int from = row.adapterRows();
    int count = Math.min(chunk(), adapter.virtualTokens() - from);
    switch (adapter.entry()) {
      case AdapterEntry.EmbeddingRows rows ->
          batch.prefill().advanceRows(slot, rows.values(), from, count);
      case AdapterEntry.KeyValuePrefix prefix -> fill(slot, prefix, from, count);
    }
    row.adapterEntered(count);
    if (row.adapterRows() == adapter.virtualTokens()) {
      prefixes.keep(adapter, batch.cache(), slot);
      row.adapterIsThrough();
      enterText(row);
    }
  }

  private void fill(int slot, AdapterEntry.KeyValuePrefix prefix, int from, int count) {
    int width = prefix.values().length / prefix.count();
    try (KeyValueCache piece = runner.cache(count)) {
      piece.fill(count, Arrays.copyOfRange(prefix.values(), from * width, (from + count) * width));
      batch.cache().append(slot, piece);
    }
  }

  /** Puts what is kept of the prompt behind the adapter; its last token is always computed. */
  private void enterText(ActiveRow row) {
    if (row.scores().isEmpty()) {
      int slot = batch.slot(row);
      int most = row.prompt().length - 1;
      row.feed(texts.enter(row.textKey(), row.prompt(), most, batch.cache(), slot));
    }
  }

  private Optional<Prompted> feed(ActiveRow row) {
    int count = Math.min(row.scores().isPresent() ? SHORT : chunk(), row.unfed());
    boolean last = count == row.unfed();
    int wanted = row.scores().isPresent() ? count : last ? 1 : 0;
    Logits logits =
        batch.prefill().advance(batch.slot(row), row.prompt(), row.fed(), count, wanted);
    row.feed(count);
    row.scores().ifPresent(scores -> scores.take(logits.values(), count));
    if (!last) {
      return Optional.empty();
    }
    row.scores().ifPresent(scores -> row.row().givePrompt(scores.tokens()));
    keepText(row, row.prompt());
    return Optional.of(new Prompted(logits, wanted - 1));
  }

  /**
   * Keeps what the row's slot holds of a text.
   *
   * @param tokens the text, of which the first may be in the slot
   */
  void keepText(ActiveRow row, int[] tokens) {
    SlotCache cache = batch.cache();
    int slot = batch.slot(row);
    int virtual = row.row().request().virtualTokens();
    int count = Math.min(tokens.length, cache.length(slot) - virtual);
    texts.keep(row.textKey(), tokens, count, cache, slot, virtual);
  }
}
