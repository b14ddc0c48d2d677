package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterEntry;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.RunOptions;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Scores a prompt on data by the packed forward pass. The empty prompt scores the base model; the
 * rows of a text score that text as a hard prompt.
 */
public final class Evaluator implements AutoCloseable {
  /** Rows a pass; their text tokens are kept below a budget as well. */
  private static final int ROWS = 64;

  private static final int TOKENS = 2048;

  private final FrozenModel model;
  private final Session session;
  private final RunOptions options = new RunOptions();

  /** An evaluator that computes with {@code threads} threads. */
  public Evaluator(FrozenModel model, int threads) {
    this.model = model;
    this.session =
        model.session(PackedGraph.scoring(model.graph()), GradientStep.sessionOptions(threads));
  }

  /**
   * The prompt rows that {@code adapter} puts in front of {@code model}'s token embeddings.
   *
   * @throws TrainingException if it enters the model in another way
   */
  public static float[] rowsOf(Adapter adapter, FrozenModel model) {
    return switch (adapter.entry(model.baseModel().shape())) {
      case AdapterEntry.EmbeddingRows rows -> rows.values();
      case AdapterEntry.KeyValuePrefix prefix ->
          throw new TrainingException(
              "adapter %s: expected rows in front of the token embeddings, found a key/value prefix of %d positions; evaluation does not take those yet"
                  .formatted(adapter.name(), prefix.count()));
    };
  }

  /**
   * Scores {@code rows} on {@code data}.
   *
   * @param rows float [virtual tokens, hidden], possibly empty
   */
  public Scores score(float[] rows, Dataset data) {
    int virtualTokens = rows.length / model.manifest().hiddenSize();
    ScoreSums sums = new ScoreSums(data.labels());
    int[] order =
        IntStream.range(0, data.examples().size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> data.examples().get(i).length()))
            .mapToInt(Integer::intValue)
            .toArray();
    int longest = 0;
    List<Integer> batch = new ArrayList<>();
    int tokens = 0;
    for (int index : order) {
      int length = data.examples().get(index).length();
      longest = Math.max(longest, length);
      if (!batch.isEmpty() && (batch.size() == ROWS || tokens + length > TOKENS)) {
        score(rows, virtualTokens, data, batch, sums);
        batch.clear();
        tokens = 0;
      }
      batch.add(index);
      tokens += length;
    }
    if (virtualTokens + longest > model.manifest().contextLength()) {
      throw new TrainingException(
          "%s: expected rows of at most %d tokens beside %d virtual ones, for the model has %d positions; found %d"
              .formatted(
                  data.name(),
                  model.manifest().contextLength() - virtualTokens,
                  virtualTokens,
                  model.manifest().contextLength(),
                  longest));
    }
    score(rows, virtualTokens, data, batch, sums);
    return sums.scores(data.examples().size());
  }

  private void score(
      float[] rows, int virtualTokens, Dataset data, List<Integer> indices, ScoreSums sums) {
    List<Example> batch = indices.stream().map(data.examples()::get).toList();
    try (PackedBatch packed =
            new PackedBatch(
                batch, virtualTokens, model.embeddings(), PackedBatch.Wanted.COMPLETION);
        Tensor prompt =
            Tensor.allocate(ElementType.FLOAT32, virtualTokens, model.manifest().hiddenSize())) {
      MemorySegment.copy(rows, 0, prompt.data(), ValueLayout.JAVA_FLOAT, 0, rows.length);
      packed.inputs().put(PackedGraph.PROMPT, prompt);
      packed.inputs().keySet().removeAll(Set.of(PackedGraph.LABELS, PackedGraph.LABEL_WEIGHTS));
      Map<String, Tensor> outputs =
          session.run(packed.inputs(), Set.of(PackedGraph.LOGITS), options);
      packed.inputs().remove(PackedGraph.PROMPT);
      try (Tensor logits = outputs.get(PackedGraph.LOGITS)) {
        sums.add(batch, logits.data(), model.manifest().vocabularySize());
      }
    }
  }

  @Override
  public void close() {
    session.close();
    options.close();
  }

  /**
   * What a prompt is worth on data.
   *
   * @param rows rows scored
   * @param loss mean cross-entropy in nats over all completion tokens
   * @param exact share of rows whose completion is the most likely one at every token
   * @param accuracy share of rows whose label's word is the likeliest among the labels' words, when
   *     the data has labels
   */
  public record Scores(int rows, double loss, double exact, Optional<Double> accuracy) {
    /** e to the loss. */
    public double perplexity() {
      return Math.exp(loss);
    }

    /** What is shown first: accuracy where there are labels, else the share of exact rows. */
    public double headline() {
      return accuracy.orElse(exact);
    }
  }
}
