package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterEntry;
import dev.preamble.runtime.RunOptions;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.Tensor;
import dev.preamble.runtime.TensorInfo;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Scores adapters on data by the packed forward pass, and the base model without any. The rows of a
 * text score that text as a hard prompt.
 */
public final class Evaluator implements AutoCloseable {
  /** Rows a pass; their text tokens are kept below a budget as well. */
  private static final int ROWS = 64;

  private static final int TOKENS = 2048;

  private final FrozenModel model;
  private final int threads;
  private final Map<PackedEntry.Kind, Session> sessions = new EnumMap<>(PackedEntry.Kind.class);
  private final PackedBatch packed;
  private final RunOptions options = new RunOptions();

  /** An evaluator that computes with {@code threads} threads. */
  public Evaluator(FrozenModel model, int threads) {
    this.model = model;
    this.threads = threads;
    this.packed = new PackedBatch(model.embeddings());
  }

  /** Scores the base model on {@code data}. */
  public Scores score(Dataset data) {
    return score(
        new AdapterEntry.EmbeddingRows(0, model.manifest().hiddenSize(), new float[0]), data);
  }

  /** Scores {@code entry} in front of every row of {@code data}, whatever the row's task. */
  public Scores score(AdapterEntry entry, Dataset data) {
    return score(task -> entry, data);
  }

  /**
   * Scores {@code adapter} on {@code data}: each row behind the prompt of its task.
   *
   * @throws dev.preamble.PreambleException if the adapter does not fit the model, or has no prompt
   *     for a row's task
   */
  public Scores score(Adapter adapter, Dataset data) {
    Map<Integer, AdapterEntry> entries = new HashMap<>();
    return score(
        task ->
            entries.computeIfAbsent(
                task,
                each ->
                    adapter.tasks() == 1
                        ? adapter.entry(model.baseModel().shape())
                        : adapter.entry(model.baseModel().shape(), each)),
        data);
  }

  private Scores score(IntFunction<AdapterEntry> entries, Dataset data) {
    ScoreSums sums = new ScoreSums(data.labels());
    int[] order =
        IntStream.range(0, data.examples().size())
            .boxed()
            .sorted(Comparator.<Integer>comparingInt(data::task).thenComparingInt(data::length))
            .mapToInt(Integer::intValue)
            .toArray();
    int from = 0;
    while (from < order.length) {
      int to = from;
      int tokens = 0;
      while (to < order.length
          && data.task(order[to]) == data.task(order[from])
          && (to == from || to - from < ROWS && tokens + data.length(order[to]) <= TOKENS)) {
        tokens += data.length(order[to]);
        to++;
      }
      List<Example> batch = Arrays.stream(order, from, to).mapToObj(data.examples()::get).toList();
      AdapterEntry entry = entries.apply(data.task(order[from]));
      batch.forEach(row -> checkFits(row, entry, data.name()));
      score(entry, batch, sums);
      from = to;
    }
    return sums.scores(order.length);
  }

  private void checkFits(Example row, AdapterEntry entry, String name) {
    int positions = model.manifest().contextLength();
    if (entry.count() + row.length() > positions) {
      throw new TrainingException(
          "%s: expected rows of at most %d tokens beside %d virtual ones, for the model has %d positions; found %d"
              .formatted(name, positions - entry.count(), entry.count(), positions, row.length()));
    }
    if (row.prompt().length == 0 && kind(entry) == PackedEntry.Kind.PREFIX) {
      throw new TrainingException(
          name
              + ": expected rows with a prompt, for behind keys and values the first token of a row is not predicted; found one without");
    }
  }

  private void score(AdapterEntry entry, List<Example> batch, ScoreSums sums) {
    Front front = Front.of(kind(entry), entry.count());
    float[] values = values(entry);
    int labels = PackedBatch.labels(batch, front);
    try (Tensor prompt = Tensor.floats(values, entry.count(), width(front.kind()))) {
      Map<String, Tensor> inputs = new HashMap<>(packed.pack(batch, front, labels));
      inputs.put(PackedGraph.PROMPT, prompt);
      Session session = session(front.kind());
      inputs
          .keySet()
          .retainAll(session.inputs().stream().map(TensorInfo::name).collect(Collectors.toSet()));
      Map<String, Tensor> outputs = session.run(inputs, Set.of(PackedGraph.LOGITS), options);
      try (Tensor logits = outputs.get(PackedGraph.LOGITS)) {
        sums.add(batch, logits.data(), model.manifest().vocabularySize());
      }
    }
  }

  private Session session(PackedEntry.Kind kind) {
    return sessions.computeIfAbsent(
        kind,
        each ->
            model.session(
                PackedGraph.scoring(model.graph(), PackedEntry.given(each, width(each))),
                GradientStep.sessionOptions(threads)));
  }

  private int width(PackedEntry.Kind kind) {
    return switch (kind) {
      case ROWS -> model.manifest().hiddenSize();
      case PREFIX -> PromptStates.width(model);
    };
  }

  private static PackedEntry.Kind kind(AdapterEntry entry) {
    return switch (entry) {
      case AdapterEntry.EmbeddingRows rows -> PackedEntry.Kind.ROWS;
      case AdapterEntry.KeyValuePrefix prefix -> PackedEntry.Kind.PREFIX;
    };
  }

  private static float[] values(AdapterEntry entry) {
    return switch (entry) {
      case AdapterEntry.EmbeddingRows rows -> rows.values();
      case AdapterEntry.KeyValuePrefix prefix -> prefix.values();
    };
  }

  @Override
  public void close() {
    sessions.values().forEach(Session::close);
    packed.close();
    options.close();
  }

  /**
   * What a prompt is worth on data. What the model would say is judged at every completion token
   * with the right ones before it, which costs one pass instead of one a token; whether a whole
   * completion is said comes out the same.
   *
   * @param rows rows scored
   * @param loss mean cross-entropy in nats over all completion tokens
   * @param exact share of rows whose completion is the most likely one at every token
   * @param tokenF1 mean over rows of the F1 score of the tokens said against those of the
   *     completion, whatever their order
   * @param accuracy share of rows whose label's word is the likeliest among the labels' words, when
   *     the data has labels
   * @param macroF1 mean of the labels' F1 scores, over the labels that the rows have or are given,
   *     when the data has labels
   */
  public record Scores(
      int rows,
      double loss,
      double exact,
      double tokenF1,
      Optional<Double> accuracy,
      Optional<Double> macroF1) {
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
