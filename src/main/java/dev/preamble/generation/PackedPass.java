package dev.preamble.generation;

import dev.preamble.generation.sampling.LogProbabilities;
import dev.preamble.model.EmbeddingTable;
import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.onnx.packed.PackedPlaces;
import dev.preamble.onnx.packed.RowSlots;
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
import java.util.stream.LongStream;

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
    int[] lengths = rows.stream().mapToInt(this::length).toArray();
    PackedPlaces places = PackedPlaces.of(front.kind(), front.count(), lengths);
    inputs.put(
        PackedGraph.PROMPT, Tensor.floats(front.values(), front.count(), width(front.kind())));
    Tensor text = Tensor.allocate(ElementType.FLOAT32, places.tokens(), hidden);
    inputs.put(PackedGraph.TEXT, text);
    put(inputs, PackedGraph.POSITIONS, places.positions(), 1, places.positions().length);
    put(inputs, PackedGraph.SLOTS, PackedGraph.SLOT_OF, places.text(), rows.size());
    LongStream.Builder positions = LongStream.builder();
    EmbeddingTable embeddings = model.embeddings();
    int before = front.kind().packed(front.count());
    int token = 0;
    for (PackedRow row : rows) {
      int own = row.before().length / hidden;
      MemorySegment.copy(
          row.before(),
          0,
          text.data(),
          ValueLayout.JAVA_FLOAT,
          4L * token * hidden,
          row.before().length);
      embeddings.copy(row.tokens(), 0, row.tokens().length, text.data(), token + own);
      for (int i = row.wanted(); i < row.tokens().length; i++) {
        positions.add(before + token + own + i);
      }
      token += length(row);
    }
    long[] wanted = positions.build().toArray();
    put(inputs, PackedGraph.LABEL_POSITIONS, wanted, wanted.length);
    int[] counts = rows.stream().mapToInt(row -> row.tokens().length - row.wanted()).toArray();
    RowSlots labels = RowSlots.of(counts);
    put(inputs, PackedGraph.LABEL_SLOTS, PackedGraph.LABEL_SLOT_OF, labels, rows.size());
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

  private static void put(
      Map<String, Tensor> inputs, String slots, String slotOf, RowSlots of, int rows) {
    put(inputs, slots, of.slots(), rows, of.longest());
    put(inputs, slotOf, of.slotOf(), of.slotOf().length);
  }

  private static void put(Map<String, Tensor> inputs, String name, long[] values, long... shape) {
    inputs.put(name, Tensor.longs(values, shape));
  }

  @Override
  public void close() {
    sessions.values().forEach(Session::close);
    options.close();
  }
}
