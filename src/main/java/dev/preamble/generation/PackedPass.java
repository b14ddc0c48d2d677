package dev.preamble.generation;

import dev.preamble.generation.sampling.LogProbabilities;
import dev.preamble.model.EmbeddingTable;
import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.RunOptions;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rows one after the other in one pass behind something that all of them share, without padding:
 * what training computes, for scores alone.
 */
final class PackedPass implements AutoCloseable {
  /**
   * What stands before every row.
   *
   * @param kind how it enters
   * @param count its positions, possibly none
   * @param values float [count, width], the width being that of the kind
   */
  record Front(PackedEntry.Kind kind, int count, float[] values) {
    static final Front NONE = new Front(PackedEntry.Kind.ROWS, 0, new float[0]);

    private int packed() {
      return kind == PackedEntry.Kind.ROWS ? count : 0;
    }
  }

  /**
   * A row of the pass.
   *
   * @param before float [.., hidden size]: rows of its own in front of its tokens, possibly none
   * @param tokens its tokens
   * @param wanted the first token behind which logits are wanted; behind all later ones they are
   *     too
   */
  record PackedRow(float[] before, int[] tokens, int wanted) {}

  private final FrozenModel model;
  private final int threads;
  private final int hidden;
  private final Map<PackedEntry.Kind, Session> sessions = new EnumMap<>(PackedEntry.Kind.class);
  private final RunOptions options = new RunOptions();

  PackedPass(FrozenModel model, int threads) {
    this.model = model;
    this.threads = threads;
    this.hidden = model.manifest().hiddenSize();
  }

  /** The distributions behind the wanted tokens of each row. */
  List<List<LogProbabilities>> run(Front front, List<PackedRow> rows) {
    Map<String, Tensor> inputs = new HashMap<>();
    try {
      fill(inputs, front, rows);
      Map<String, Tensor> outputs =
          session(front.kind()).run(inputs, Set.of(PackedGraph.LOGITS), options);
      try (Tensor logits = outputs.get(PackedGraph.LOGITS)) {
        return distributions(logits.data(), rows);
      }
    } finally {
      inputs.values().forEach(Tensor::close);
    }
  }

  private void fill(Map<String, Tensor> inputs, Front front, List<PackedRow> rows) {
    int tokens = 0;
    int longest = 0;
    int wanted = 0;
    for (PackedRow row : rows) {
      tokens = Math.addExact(tokens, length(row));
      longest = Math.max(longest, length(row));
      wanted += row.tokens().length - row.wanted();
    }
    int before = front.packed();
    Tensor prompt =
        add(inputs, PackedGraph.PROMPT, ElementType.FLOAT32, front.count(), width(front.kind()));
    MemorySegment.copy(
        front.values(), 0, prompt.data(), ValueLayout.JAVA_FLOAT, 0, front.values().length);
    Tensor text = add(inputs, PackedGraph.TEXT, ElementType.FLOAT32, tokens, hidden);
    Tensor positions = add(inputs, PackedGraph.POSITIONS, ElementType.INT64, 1, before + tokens);
    Tensor slots = add(inputs, PackedGraph.SLOTS, ElementType.INT64, rows.size(), longest);
    Tensor slotOf = add(inputs, PackedGraph.SLOT_OF, ElementType.INT64, tokens);
    Tensor labels = add(inputs, PackedGraph.LABEL_POSITIONS, ElementType.INT64, wanted);
    for (int i = 0; i < before; i++) {
      set(positions, i, i);
    }
    EmbeddingTable embeddings = model.embeddings();
    int token = 0;
    int label = 0;
    for (int number = 0; number < rows.size(); number++) {
      PackedRow row = rows.get(number);
      int own = row.before().length / hidden;
      MemorySegment.copy(
          row.before(),
          0,
          text.data(),
          ValueLayout.JAVA_FLOAT,
          4L * token * hidden,
          row.before().length);
      embeddings.copy(row.tokens(), 0, row.tokens().length, text.data(), token + own);
      for (int i = 0; i < longest; i++) {
        set(slots, (long) number * longest + i, i < length(row) ? token + i : -1);
      }
      for (int i = 0; i < length(row); i++) {
        set(slotOf, token + i, (long) number * longest + i);
        set(positions, before + token + i, front.count() + i);
      }
      for (int i = row.wanted(); i < row.tokens().length; i++) {
        set(labels, label++, before + token + own + i);
      }
      token += length(row);
    }
  }

  private int length(PackedRow row) {
    return row.before().length / hidden + row.tokens().length;
  }

  private List<List<LogProbabilities>> distributions(MemorySegment logits, List<PackedRow> rows) {
    int vocabulary = model.manifest().vocabularySize();
    long place = 0;
    List<List<LogProbabilities>> all = new ArrayList<>();
    for (PackedRow row : rows) {
      List<LogProbabilities> ofRow = new ArrayList<>();
      for (int i = row.wanted(); i < row.tokens().length; i++) {
        float[] values = new float[vocabulary];
        MemorySegment.copy(
            logits, ValueLayout.JAVA_FLOAT, 4L * vocabulary * place++, values, 0, vocabulary);
        ofRow.add(new LogProbabilities(values));
      }
      all.add(ofRow);
    }
    return all;
  }

  private Session session(PackedEntry.Kind kind) {
    return sessions.computeIfAbsent(
        kind,
        each ->
            model.session(
                PackedGraph.scoring(model.graph(), PackedEntry.given(each, width(each))),
                SessionOptions.defaults().withThreads(threads).withMemoryPattern(false)));
  }

  private long width(PackedEntry.Kind kind) {
    return switch (kind) {
      case ROWS -> hidden;
      case PREFIX ->
          model.manifest().keyValue().stream()
              .mapToLong(layer -> 2L * layer.heads() * layer.headSize())
              .sum();
    };
  }

  private static Tensor add(
      Map<String, Tensor> inputs, String name, ElementType type, long... shape) {
    Tensor tensor = Tensor.allocate(type, shape);
    inputs.put(name, tensor);
    return tensor;
  }

  private static void set(Tensor tensor, long index, long value) {
    tensor.data().setAtIndex(ValueLayout.JAVA_LONG, index, value);
  }

  @Override
  public void close() {
    sessions.values().forEach(Session::close);
    options.close();
  }
}
