package dev.preamble.generation;

import dev.preamble.generation.PackedPass.Front;
import dev.preamble.generation.PackedPass.PackedRow;
import dev.preamble.generation.sampling.LogProbabilities;
import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.AdapterEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Scores the labels that may follow a text, under one adapter or several. Used by one thread.
 *
 * <p>Passes are packed as in training: rows one after the other, no padding. Where each label is
 * one token, a text is one row, and many texts share a pass behind the adapter. Longer labels of
 * one text share a pass with adapter and text before all of them, so that the text is read once.
 * Several adapters that are rows stand in front of rows of one pass; keys and values cannot, so an
 * adapter that is a prefix has passes of its own.
 */
public final class Classifier implements AutoCloseable {
  private static final int ROWS = 64;
  private static final int TOKENS = 2048;

  private final FrozenModel model;
  private final PackedPass pass;

  private Classifier(FrozenModel model, int threads) {
    this.model = model;
    this.pass = new PackedPass(model, threads);
  }

  /**
   * A classifier under {@code model}, which must stay open until the classifier is closed.
   *
   * @param threads threads that compute
   */
  public static Classifier open(FrozenModel model, int threads) {
    return new Classifier(model, threads);
  }

  /** The scores of one text's labels under {@code adapter}, if there is one. */
  public Classification classify(Candidates text, Optional<FittedAdapter> adapter) {
    return classify(List.of(text), List.of(adapter)).getFirst().getFirst();
  }

  /**
   * The scores of each text's labels.
   *
   * @param adapters none means the model as it is
   * @return for each text, in order, the scores under each adapter, in order
   * @throws RequestException if a text with its label does not fit the model's context, or an
   *     adapter was fitted to another model: nothing has run then
   */
  public List<List<Classification>> classify(
      List<Candidates> texts, List<Optional<FittedAdapter>> adapters) {
    for (Candidates text : texts) {
      for (Optional<FittedAdapter> adapter : adapters) {
        check(text, adapter);
      }
    }
    List<List<Classification>> all = new ArrayList<>();
    texts.forEach(text -> all.add(new ArrayList<>(adapters.size())));
    boolean rowsOnly =
        adapters.stream().allMatch(each -> front(each).kind() == PackedEntry.Kind.ROWS);
    if (adapters.size() > 1 && rowsOnly) {
      together(texts, adapters, all);
    } else {
      for (Optional<FittedAdapter> adapter : adapters) {
        alone(texts, front(adapter), all);
      }
    }
    return all;
  }

  /**
   * Refuses what {@link #classify} would.
   *
   * @throws RequestException if the text with a label does not fit the model's context, or the
   *     adapter was fitted to another model
   */
  public void check(Candidates text, Optional<FittedAdapter> adapter) {
    adapter
        .filter(fitted -> !fitted.model().equals(model.digest()))
        .ifPresent(
            fitted -> {
              throw new RequestException(
                  "model",
                  "model: adapter %s was fitted to another model than the one that runs"
                      .formatted(fitted.name()));
            });
    int virtual = adapter.map(FittedAdapter::virtualTokens).orElse(0);
    int positions = model.manifest().contextLength();
    if (virtual + text.longest() > positions) {
      throw new RequestException(
          "text",
          "text: the model's context has %,d positions; found %,d virtual tokens and %,d of the text with its longest label; shorten the text"
              .formatted(positions, virtual, text.longest()));
    }
  }

  /** All texts under one adapter. */
  private void alone(List<Candidates> texts, Front front, List<List<Classification>> all) {
    Pack pack = new Pack(front);
    for (int i = 0; i < texts.size(); i++) {
      Candidates text = texts.get(i);
      if (!text.singleTokens() && front.kind() == PackedEntry.Kind.ROWS) {
        Pack own = new Pack(extended(front, text));
        own.add(text, text.common() - 1, new float[0], all.get(i));
        own.run();
      } else {
        pack.add(text, 0, new float[0], all.get(i));
      }
    }
    pack.run();
  }

  /** All texts under each adapter, which is in front of each row. */
  private void together(
      List<Candidates> texts,
      List<Optional<FittedAdapter>> adapters,
      List<List<Classification>> all) {
    Pack pack = new Pack(Front.NONE);
    for (int i = 0; i < texts.size(); i++) {
      for (Optional<FittedAdapter> adapter : adapters) {
        pack.add(texts.get(i), 0, front(adapter).values(), all.get(i));
      }
    }
    pack.run();
  }

  private static Front front(Optional<FittedAdapter> adapter) {
    return adapter
        .map(
            fitted ->
                switch (fitted.entry()) {
                  case AdapterEntry.EmbeddingRows rows ->
                      new Front(PackedEntry.Kind.ROWS, rows.count(), rows.values());
                  case AdapterEntry.KeyValuePrefix prefix ->
                      new Front(PackedEntry.Kind.PREFIX, prefix.count(), prefix.values());
                })
        .orElse(Front.NONE);
  }

  /** {@code front} and, behind it, all of the text but its last token. */
  private Front extended(Front front, Candidates text) {
    int shared = text.common() - 1;
    float[] rows = model.embeddings().rows(Arrays.copyOf(text.whole().getFirst(), shared));
    float[] values = Arrays.copyOf(front.values(), front.values().length + rows.length);
    System.arraycopy(rows, 0, values, front.values().length, rows.length);
    return new Front(PackedEntry.Kind.ROWS, front.count() + shared, values);
  }

  @Override
  public void close() {
    pass.close();
  }

  /** Rows that gather until they fill a pass. */
  private final class Pack {
    private record Asked(Candidates text, List<Classification> results, int rows) {}

    private final Front front;
    private final List<PackedRow> rows = new ArrayList<>();
    private final List<Asked> asked = new ArrayList<>();
    private int tokens;

    Pack(Front front) {
      this.front = front;
    }

    /**
     * Adds a text's rows.
     *
     * @param shared tokens of the text that stand in the front already
     * @param before rows in front of each
     * @param results where the scores go
     */
    void add(Candidates text, int shared, float[] before, List<Classification> results) {
      List<PackedRow> added = new ArrayList<>();
      int wanted = text.common() - 1 - shared;
      if (text.singleTokens()) {
        int[] fed = Arrays.copyOfRange(text.whole().getFirst(), shared, text.common());
        added.add(new PackedRow(before, fed, wanted));
      } else {
        for (int[] whole : text.whole()) {
          int[] fed = Arrays.copyOfRange(whole, shared, whole.length - 1);
          added.add(new PackedRow(before, fed, wanted));
        }
      }
      int more =
          added.stream()
              .mapToInt(row -> row.tokens().length + before.length / model.manifest().hiddenSize())
              .sum();
      if (!rows.isEmpty() && (rows.size() + added.size() > ROWS || tokens + more > TOKENS)) {
        run();
      }
      rows.addAll(added);
      tokens += more;
      asked.add(new Asked(text, results, added.size()));
    }

    void run() {
      if (rows.isEmpty()) {
        return;
      }
      List<List<LogProbabilities>> found = pass.run(front, rows);
      int from = 0;
      for (Asked each : asked) {
        each.results().add(scores(each.text(), found.subList(from, from + each.rows())));
        from += each.rows();
      }
      rows.clear();
      asked.clear();
      tokens = 0;
    }

    private Classification scores(Candidates text, List<List<LogProbabilities>> found) {
      List<Classification.LabelScore> scores = new ArrayList<>();
      for (int label = 0; label < text.labels(); label++) {
        int[] whole = text.whole().get(label);
        List<LogProbabilities> row = found.get(found.size() == 1 ? 0 : label);
        double sum = 0;
        for (int i = text.common(); i < whole.length; i++) {
          sum += row.get(i - text.common()).of(whole[i]);
        }
        scores.add(new Classification.LabelScore(sum, whole.length - text.common()));
      }
      return new Classification(scores);
    }
  }
}
