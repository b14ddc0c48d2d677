package dev.preamble.onnx.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Graphs;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Attention over a packed batch gives each row what the node that it replaces gives that row alone,
 * behind the prompt.
 */
class PackedAttentionTest {
  private static final int HEAD_SIZE = 8;
  private static final int[] ROWS = {5, 1, 9, 3};
  private static final int TOKENS = IntStream.of(ROWS).sum();

  private final Random random = new Random(11);

  /**
   * A node's attributes.
   *
   * @param window positions that a position sees, -1 for all
   * @param alibi whether a bias is added to the scores
   */
  private record Form(int heads, int kvHeads, int window, float softcap, boolean alibi) {}

  @ParameterizedTest(
      name = "{0} heads, {1} for keys and values, {2} prompt rows, window {3}, cap {4}, ALiBi {5}")
  @CsvSource({
    "4, 4, 6, -1, 0, false",
    "6, 2, 6, -1, 0, false",
    "4, 1, 6, -1, 0, false",
    "4, 2, 1, -1, 0, false",
    "4, 4, 0, -1, 0, false",
    "6, 2, 0, -1, 0, false",
    "4, 2, 6, 4, 0, false",
    "4, 2, 6, 1, 0, false",
    "4, 2, 6, 8, 0, false",
    "4, 4, 0, 3, 0, false",
    "6, 2, 6, -1, 0.7, false",
    "4, 4, 0, 2, 0.7, false",
    "6, 2, 6, -1, 0, true",
    "6, 3, 0, -1, 0, true",
    "4, 2, 6, 5, 1.5, true"
  })
  void eachRowIsWhatItIsAlone(
      int heads, int kvHeads, int virtualTokens, int window, float softcap, boolean alibi) {
    Form form = new Form(heads, kvHeads, window, softcap, alibi);
    assertEachRowIsWhatItIsAlone(form, virtualTokens, 1);
  }

  /** A hidden key may score hundreds more than every key that is seen. */
  @Test
  void hiddenKeysDoNotCountWhateverTheyScore() {
    assertEachRowIsWhatItIsAlone(new Form(4, 2, -1, 0, false), 6, 200);
    assertEachRowIsWhatItIsAlone(new Form(4, 2, 5, 0, false), 6, 200);
  }

  /**
   * @param sharpness what queries are multiplied with
   */
  private void assertEachRowIsWhatItIsAlone(Form form, int virtualTokens, float sharpness) {
    int heads = form.heads();
    int kvHeads = form.kvHeads();
    int positions = virtualTokens + TOKENS;
    float[] query = random(positions * heads * HEAD_SIZE);
    for (int i = 0; i < query.length; i++) {
      query[i] *= sharpness;
    }
    float[] key = random(positions * kvHeads * HEAD_SIZE);
    float[] value = random(positions * kvHeads * HEAD_SIZE);
    float[] packed = packed(form, virtualTokens, query, key, value);
    int from = virtualTokens;
    GraphEditor node = exported(form);
    try (Session alone = open(node.finish(List.of(node.value("y"))))) {
      for (int length : ROWS) {
        float[] expected =
            alone(
                alone,
                form,
                virtualTokens + length,
                row(query, heads, virtualTokens, from, length),
                row(key, kvHeads, virtualTokens, from, length),
                row(value, kvHeads, virtualTokens, from, length));
        float[] found = row(packed, heads, virtualTokens, from, length);
        assertArrayEquals(expected, found, 1e-5f, "row at " + from);
        from += length;
      }
    }
  }

  /** Labels of rows and, shared out among them, of the prompt; a row may have none. */
  @ParameterizedTest(
      name = "{0} heads, {1} for keys and values, {2} prompt rows, window {3}, cap {4}")
  @CsvSource({
    "4, 4, 6, -1, 0",
    "6, 2, 6, -1, 0",
    "4, 2, 6, 4, 0",
    "4, 1, 6, 8, 1.5",
    "4, 2, 1, -1, 0.7",
  })
  void labelsAloneAreWhatTheyAreAmongAll(
      int heads, int kvHeads, int virtualTokens, int window, float softcap) {
    Form form = new Form(heads, kvHeads, window, softcap, false);
    int positions = virtualTokens + TOKENS;
    int width = heads * HEAD_SIZE;
    float[] query = random(positions * width);
    for (int i = 0; i < query.length; i++) {
      query[i] *= 50;
    }
    float[] key = random(positions * kvHeads * HEAD_SIZE);
    float[] value = random(positions * kvHeads * HEAD_SIZE);
    float[] all = packed(form, virtualTokens, query, key, value);
    int first = virtualTokens;
    int[] labels = {0, first + 1, first + 4, first - 1, first - 1, first + 7, first + TOKENS - 1};
    int[] ofRow = {3, 1, 2, 1};
    float[] found = ofLabels(form, virtualTokens, query, key, value, labels, ofRow);
    for (int label = 0; label < labels.length; label++) {
      assertArrayEquals(
          Arrays.copyOfRange(all, labels[label] * width, (labels[label] + 1) * width),
          Arrays.copyOfRange(found, label * width, (label + 1) * width),
          1e-5f,
          "position " + labels[label]);
    }
  }

  @Test
  void whatItDoesNotKnowIsRefused() {
    GraphEditor editor = exported(new Form(2, 2, -1, 0, false));
    Node known = editor.producers().get("y");
    Map<String, Attribute> smooth = new HashMap<>(known.attributes());
    smooth.put("smooth_softmax", new Attribute.Int(1));
    assertRefused(editor, known.inputs(), smooth, "smooth_softmax");
    List<String> fused = List.of("q", "", "", "past_k", "past_v", "lengths", "total");
    assertRefused(editor, fused, known.attributes(), "the packed form of queries, keys and values");
  }

  @Test
  void aBiasOfMoreThanPositionsIsRefused() {
    GraphEditor editor = exported(new Form(2, 2, -1, 0, false));
    editor.input("seen", DataType.FLOAT, 1, 2, "N", "total");
    List<String> inputs = new ArrayList<>(editor.producers().get("y").inputs());
    inputs.addAll(List.of("", "", "", "seen"));
    assertRefused(
        editor, inputs, editor.producers().get("y").attributes(), "positions alone decide");
  }

  private static void assertRefused(
      GraphEditor editor, List<String> inputs, Map<String, Attribute> attributes, String what) {
    Node node =
        new Node(Node.CONTRIB, "GroupQueryAttention", inputs, List.of("y", "", ""), attributes);
    Value prompt = editor.input("prompt", DataType.FLOAT, PackedLayout.P, 1);
    PackedLayout layout = new PackedLayout(editor, PackedEntry.Kind.ROWS, prompt);
    String message =
        assertThrows(
                GraphException.class,
                () -> new PackedAttention(editor, node, layout, Optional.empty(), Optional.empty()))
            .getMessage();
    assertTrue(message.contains(what), message);
  }

  private static float[] packed(
      Form form, int virtualTokens, float[] query, float[] key, float[] value) {
    GraphEditor editor = exported(form);
    Value prompt = editor.input("prompt", DataType.FLOAT, PackedLayout.P, 1);
    PackedLayout layout = new PackedLayout(editor, PackedEntry.Kind.ROWS, prompt);
    Node node = editor.producers().get("y");
    Value output =
        new PackedAttention(editor, node, layout, Optional.empty(), Optional.empty()).output();
    try (Session session = open(editor.finish(List.of(output)))) {
      return run(session, inputs(form, virtualTokens, query, key, value), output.name());
    }
  }

  /** At the packed positions {@code labels}, of which each row in turn has {@code ofRow}. */
  private static float[] ofLabels(
      Form form,
      int virtualTokens,
      float[] query,
      float[] key,
      float[] value,
      int[] labels,
      int[] ofRow) {
    GraphEditor editor = exported(form);
    Value prompt = editor.input("prompt", DataType.FLOAT, PackedLayout.P, 1);
    PackedLayout layout = new PackedLayout(editor, PackedEntry.Kind.ROWS, prompt);
    Node node = editor.producers().get("y");
    Value queries = new Ops(editor).gather(editor.value("q"), layout.labels(), 1);
    Value output =
        new PackedAttention(editor, node, layout, Optional.empty(), Optional.of(queries)).output();
    RowSlots slots = RowSlots.of(ofRow);
    Map<String, Tensor> inputs = inputs(form, virtualTokens, query, key, value);
    PackedPlaces places = PackedPlaces.of(PackedEntry.Kind.ROWS, virtualTokens, ROWS);
    inputs.put(
        PackedGraph.POSITIONS, Tensor.longs(places.positions(), 1, places.positions().length));
    inputs.put(
        PackedGraph.LABEL_POSITIONS,
        Tensor.longs(IntStream.of(labels).asLongStream().toArray(), labels.length));
    inputs.put(PackedGraph.LABEL_SLOTS, Tensor.longs(slots.slots(), ROWS.length, slots.longest()));
    inputs.put(PackedGraph.LABEL_SLOT_OF, Tensor.longs(slots.slotOf(), labels.length));
    try (Session session = open(editor.finish(List.of(output), PackedGraph.SLOT_OF))) {
      return run(session, inputs, output.name());
    }
  }

  private static Map<String, Tensor> inputs(
      Form form, int virtualTokens, float[] query, float[] key, float[] value) {
    RowSlots slots = RowSlots.of(ROWS);
    int positions = virtualTokens + TOKENS;
    int kvWidth = form.kvHeads() * HEAD_SIZE;
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put("prompt", Tensor.floats(new float[virtualTokens], virtualTokens, 1));
    inputs.put(PackedGraph.SLOTS, Tensor.longs(slots.slots(), ROWS.length, slots.longest()));
    inputs.put(PackedGraph.SLOT_OF, Tensor.longs(slots.slotOf(), TOKENS));
    inputs.put("q", Tensor.floats(query, 1, positions, form.heads() * HEAD_SIZE));
    inputs.put("k", Tensor.floats(key, 1, positions, kvWidth));
    inputs.put("v", Tensor.floats(value, 1, positions, kvWidth));
    return inputs;
  }

  private static float[] alone(
      Session session, Form form, int length, float[] query, float[] key, float[] value) {
    Map<String, Tensor> inputs = new HashMap<>();
    int kvHeads = form.kvHeads();
    inputs.put("q", Tensor.floats(query, 1, length, query.length / length));
    inputs.put("k", Tensor.floats(key, 1, length, kvHeads * HEAD_SIZE));
    inputs.put("v", Tensor.floats(value, 1, length, kvHeads * HEAD_SIZE));
    float[] nothing = new float[length * kvHeads * HEAD_SIZE];
    inputs.put("past_k", Tensor.floats(nothing, 1, kvHeads, length, HEAD_SIZE));
    inputs.put("past_v", Tensor.floats(nothing, 1, kvHeads, length, HEAD_SIZE));
    inputs.put("lengths", Tensor.ints(new int[] {length - 1}, 1));
    inputs.put("total_sequence_length", Tensor.ints(new int[] {length}));
    if (form.alibi()) {
      long[] positions = LongStream.range(0, length).toArray();
      inputs.put("position_ids", Tensor.longs(positions, 1, length));
    }
    return run(session, inputs, "y");
  }

  /** The node as exporters write it, on inputs of its own. */
  private static GraphEditor exported(Form form) {
    GraphEditor editor = Graphs.empty();
    int kvHeads = form.kvHeads();
    editor.input("q", DataType.FLOAT, 1, PackedLayout.N, form.heads() * HEAD_SIZE);
    editor.input("k", DataType.FLOAT, 1, PackedLayout.N, kvHeads * HEAD_SIZE);
    editor.input("v", DataType.FLOAT, 1, PackedLayout.N, kvHeads * HEAD_SIZE);
    editor.input("past_k", DataType.FLOAT, 1, kvHeads, "capacity", HEAD_SIZE);
    editor.input("past_v", DataType.FLOAT, 1, kvHeads, "capacity", HEAD_SIZE);
    editor.input("lengths", DataType.INT32, 1);
    editor.input("total_sequence_length", DataType.INT32);
    editor.input("position_ids", DataType.INT64, 1, PackedLayout.N);
    List<String> inputs =
        new ArrayList<>(
            List.of("q", "k", "v", "past_k", "past_v", "lengths", "total_sequence_length"));
    if (form.alibi()) {
      inputs.addAll(List.of("", "", "", alibi(editor, form.heads()).name()));
    }
    editor.define("y", DataType.FLOAT, Shape.of(1, PackedLayout.N, form.heads() * HEAD_SIZE));
    editor.define("present_k", DataType.FLOAT, Shape.of(1, kvHeads, "capacity", HEAD_SIZE));
    editor.define("present_v", DataType.FLOAT, Shape.of(1, kvHeads, "capacity", HEAD_SIZE));
    editor.add(
        new Node(
            Node.CONTRIB,
            "GroupQueryAttention",
            inputs,
            List.of("y", "present_k", "present_v"),
            Map.of(
                "num_heads", new Attribute.Int(form.heads()),
                "kv_num_heads", new Attribute.Int(kvHeads),
                "local_window_size", new Attribute.Int(form.window()),
                "softcap", new Attribute.Real(form.softcap()),
                "do_rotary", new Attribute.Int(0),
                "scale", new Attribute.Real(0.3f))));
    return editor;
  }

  /** [1, heads, N, total]: a slope for each head times the distance, as exporters write it. */
  private static Value alibi(GraphEditor editor, int heads) {
    Ops ops = new Ops(editor);
    Value positions = editor.value("position_ids");
    Value total = ops.cast(editor.value("total_sequence_length"), DataType.INT64);
    Value slots =
        ops.emit(
            "",
            "Range",
            DataType.INT64,
            Shape.of("total"),
            Map.of(),
            ops.scalar(0),
            total,
            ops.scalar(1));
    Value queries = ops.reshape(positions, Shape.of(1, 1, PackedLayout.N, 1), 1, 1, -1, 1);
    Value slopes = ops.real(0.25f);
    for (int head = 1; head < heads; head++) {
      slopes =
          ops.concat(
              0,
              ops.reshape(slopes, Shape.of(head), -1),
              ops.reshape(ops.real(0.25f / (head + 1)), Shape.of(1), 1));
    }
    return ops.mul(
        ops.cast(ops.sub(slots, queries), DataType.FLOAT),
        ops.reshape(slopes, Shape.of(1, heads, 1, 1), 1, -1, 1, 1));
  }

  /** The prompt's rows and a row's own, [virtualTokens + length, heads * HEAD_SIZE]. */
  private static float[] row(float[] all, int heads, int virtualTokens, int from, int length) {
    int width = heads * HEAD_SIZE;
    float[] row = Arrays.copyOf(all, (virtualTokens + length) * width);
    System.arraycopy(all, from * width, row, virtualTokens * width, length * width);
    return row;
  }

  private static Session open(Graph graph) {
    return Session.open(GraphWriter.write(graph), SessionOptions.defaults().withThreads(2));
  }

  private static float[] run(Session session, Map<String, Tensor> inputs, String output) {
    Map<String, Tensor> outputs = session.run(inputs);
    float[] found = outputs.get(output).toFloats();
    outputs.values().forEach(Tensor::close);
    inputs.values().forEach(Tensor::close);
    return found;
  }

  private float[] random(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
