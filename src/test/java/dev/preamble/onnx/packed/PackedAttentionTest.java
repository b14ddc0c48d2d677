package dev.preamble.onnx.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
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

  @ParameterizedTest(name = "{0} heads, {1} for keys and values, {2} prompt rows")
  @CsvSource({"4, 4, 6", "6, 2, 6", "4, 1, 6", "4, 2, 1", "4, 4, 0", "6, 2, 0"})
  void eachRowIsWhatItIsAlone(int heads, int kvHeads, int virtualTokens) {
    int positions = virtualTokens + TOKENS;
    float[] query = random(positions * heads * HEAD_SIZE);
    float[] key = random(positions * kvHeads * HEAD_SIZE);
    float[] value = random(positions * kvHeads * HEAD_SIZE);
    float[] packed = packed(heads, kvHeads, virtualTokens, query, key, value);
    int from = virtualTokens;
    GraphEditor node = exported(heads, kvHeads, -1);
    try (Session alone = open(node.finish(List.of(node.value("y"))))) {
      for (int length : ROWS) {
        float[] expected =
            alone(
                alone,
                virtualTokens + length,
                kvHeads,
                row(query, heads, virtualTokens, from, length),
                row(key, kvHeads, virtualTokens, from, length),
                row(value, kvHeads, virtualTokens, from, length));
        float[] found = row(packed, heads, virtualTokens, from, length);
        assertArrayEquals(expected, found, 1e-5f, "row at " + from);
        from += length;
      }
    }
  }

  @Test
  void aWindowIsRefused() {
    GraphException refused =
        assertThrows(
            GraphException.class,
            () -> packed(2, 2, 1, new float[0], new float[0], new float[0], 4));
    assertEquals(
        "Attention node y: local_window_size is not supported in training yet; found Int[value=4]",
        refused.getMessage());
  }

  private float[] packed(
      int heads, int kvHeads, int virtualTokens, float[] query, float[] key, float[] value) {
    return packed(heads, kvHeads, virtualTokens, query, key, value, -1);
  }

  private static float[] packed(
      int heads,
      int kvHeads,
      int virtualTokens,
      float[] query,
      float[] key,
      float[] value,
      int window) {
    GraphEditor editor = exported(heads, kvHeads, window);
    Value prompt = editor.input("prompt", DataType.FLOAT, PackedLayout.P, 1);
    Value text = editor.input("text", DataType.FLOAT, PackedLayout.T, 1);
    PackedLayout layout = new PackedLayout(editor, prompt, text);
    Node node = editor.producers().get("y");
    Value output = new PackedAttention(editor, node, layout).output();

    int longest = Arrays.stream(ROWS).max().orElseThrow();
    long[] slots = new long[ROWS.length * longest];
    Arrays.fill(slots, -1);
    long[] slotOf = new long[TOKENS];
    int token = 0;
    for (int row = 0; row < ROWS.length; row++) {
      for (int i = 0; i < ROWS[row]; i++, token++) {
        slots[row * longest + i] = token;
        slotOf[token] = (long) row * longest + i;
      }
    }
    int positions = virtualTokens + TOKENS;
    try (Session session = open(editor.finish(List.of(output)))) {
      return run(
          session,
          Map.of(
              "prompt",
              Tensor.floats(new float[virtualTokens], virtualTokens, 1),
              "text",
              Tensor.floats(new float[TOKENS], TOKENS, 1),
              PackedGraph.SLOTS,
              Tensor.longs(slots, ROWS.length, longest),
              PackedGraph.SLOT_OF,
              Tensor.longs(slotOf, TOKENS),
              "q",
              Tensor.floats(query, 1, positions, heads * HEAD_SIZE),
              "k",
              Tensor.floats(key, 1, positions, kvHeads * HEAD_SIZE),
              "v",
              Tensor.floats(value, 1, positions, kvHeads * HEAD_SIZE)),
          output.name());
    }
  }

  private static float[] alone(
      Session session, int length, int kvHeads, float[] query, float[] key, float[] value) {
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put("q", Tensor.floats(query, 1, length, query.length / length));
    inputs.put("k", Tensor.floats(key, 1, length, kvHeads * HEAD_SIZE));
    inputs.put("v", Tensor.floats(value, 1, length, kvHeads * HEAD_SIZE));
    float[] nothing = new float[length * kvHeads * HEAD_SIZE];
    inputs.put("past_k", Tensor.floats(nothing, 1, kvHeads, length, HEAD_SIZE));
    inputs.put("past_v", Tensor.floats(nothing, 1, kvHeads, length, HEAD_SIZE));
    inputs.put("lengths", Tensor.ints(new int[] {length - 1}, 1));
    inputs.put("total", Tensor.ints(new int[] {length}));
    return run(session, inputs, "y");
  }

  /** The node as exporters write it, on inputs of its own. */
  private static GraphEditor exported(int heads, int kvHeads, int window) {
    GraphEditor editor =
        new GraphEditor(
            new Graph(
                List.of(),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                Map.of("", 23L, Node.CONTRIB, 1L)));
    editor.input("q", DataType.FLOAT, 1, PackedLayout.N, heads * HEAD_SIZE);
    editor.input("k", DataType.FLOAT, 1, PackedLayout.N, kvHeads * HEAD_SIZE);
    editor.input("v", DataType.FLOAT, 1, PackedLayout.N, kvHeads * HEAD_SIZE);
    editor.input("past_k", DataType.FLOAT, 1, kvHeads, "capacity", HEAD_SIZE);
    editor.input("past_v", DataType.FLOAT, 1, kvHeads, "capacity", HEAD_SIZE);
    editor.input("lengths", DataType.INT32, 1);
    editor.input("total", DataType.INT32);
    Shape shape = Shape.of(1, PackedLayout.N, heads * HEAD_SIZE);
    editor.define("y", DataType.FLOAT, shape);
    editor.define("present_k", DataType.FLOAT, Shape.of(1, kvHeads, "capacity", HEAD_SIZE));
    editor.define("present_v", DataType.FLOAT, Shape.of(1, kvHeads, "capacity", HEAD_SIZE));
    editor.add(
        new Node(
            Node.CONTRIB,
            "GroupQueryAttention",
            List.of("q", "k", "v", "past_k", "past_v", "lengths", "total"),
            List.of("y", "present_k", "present_v"),
            Map.of(
                "num_heads", new Attribute.Int(heads),
                "kv_num_heads", new Attribute.Int(kvHeads),
                "local_window_size", new Attribute.Int(window),
                "do_rotary", new Attribute.Int(0),
                "scale", new Attribute.Real(0.3f))));
    return editor;
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
