package dev.preamble.onnx.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Graphs;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Composite;
import dev.preamble.onnx.gradient.Gradient;
import dev.preamble.runtime.OrtException;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import dev.preamble.training.kernel.Kernels;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Loss and derivative by kernels equal their formulas in float64, however the logits lie. */
class BlockedCrossEntropyTest {
  private static final int HIDDEN = 8;
  private static final float FACTOR = 0.5f;

  /** Rows for which blocks are the narrowest. */
  private static final int MANY = 5000;

  private final Random random = new Random(5);

  private record Case(
      int vocabulary, float[] x, float[] weight, float[] bias, long[] labels, float[] shares) {
    int rows() {
      return labels.length;
    }
  }

  private record Result(double loss, double[] derivative) {}

  /**
   * @param above what is added to the logits of all rows' labels
   */
  @ParameterizedTest
  @CsvSource({
    "1, 5, 0",
    "17, 5, 0",
    "1023, 3, 0",
    "1025, 3, 20",
    "8193, 7, 60",
    "8193, 7, -60",
    "17000, 4, 0",
    "17000, 4, -400",
    "17000, 4, 400",
    "17000, 4, 10000",
    "17000, 4, -1e9",
    "50257, 3, 0"
  })
  void equalsItsFormula(int vocabulary, int rows, float above) {
    Case batch = batch(vocabulary, rows);
    Arrays.stream(batch.labels()).forEach(label -> batch.bias()[(int) label] = above);
    check(batch, above > 0 ? Math.ulp(above) : 0);
  }

  /** The highest logits of all in a later strip, a later block, at the very end. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1500, 8499, 8500, 10_000, 16_999})
  void aLogitFarAboveThoseBeforeItIsSeen(int token) {
    Case batch = batch(17_000, 3);
    batch.bias()[token] = 300;
    batch.bias()[token / 2] = 120;
    check(batch, 0);
  }

  /** What cannot be chosen, in one strip, a whole block or more, adds nothing. */
  @ParameterizedTest
  @ValueSource(floats = {-1e9f, -3e38f, Float.NEGATIVE_INFINITY})
  void tokensThatAreRuledOutAddNothing(float bias) {
    Case batch = batch(17_000, 3);
    Arrays.fill(batch.bias(), 0, 12_000, bias);
    Arrays.fill(batch.bias(), 13_000, 17_000, bias);
    for (int row = 0; row < batch.rows(); row++) {
      batch.labels()[row] = 12_500 + row;
    }
    check(batch, 0);
  }

  /** A run whose model gives no numbers is ended by the loss that it sees. */
  @ParameterizedTest
  @CsvSource({
    "NaN, 3",
    "NaN, 9000",
    "NaN, 12000",
    "Infinity, 3",
    "Infinity, 9000",
    "Infinity, 12000"
  })
  void ofLogitsThatAreNoNumbersIsNone(float bias, int token) {
    Case batch = batch(17_000, 3);
    batch.labels()[1] = 12_000;
    batch.bias()[token] = bias;
    assertTrue(Double.isNaN(run(batch, 2).loss()));
  }

  @Test
  void noRowsHaveNoLoss() {
    assertEquals(0, run(batch(8193, 0), 2).loss());
  }

  @Test
  void isTheSameForAnyNumberOfThreads() {
    Case batch = batch(17_000, 33);
    Result one = run(batch, 1);
    for (int threads : new int[] {2, 3}) {
      Result found = run(batch, threads);
      assertEquals(one.loss(), found.loss());
      assertArrayEquals(one.derivative(), found.derivative());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {17_000, 1L << 40})
  void aLabelBeyondTheVocabularyEndsTheRun(long label) {
    Case batch = batch(17_000, 3);
    batch.labels()[2] = label;
    OrtException refused = assertThrows(OrtException.class, () -> run(batch, 2));
    assertTrue(refused.getMessage().contains(Long.toString(label)), refused.getMessage());
  }

  /** A block's own cost shows where rows are few, the memory of its logits where they are many. */
  @ParameterizedTest
  @CsvSource({"1, 1", "256, 1", "512, 2", "1024, 4", "100000, 4"})
  void theFewerTheRowsTheWiderTheBlocks(int rows, int blocks) {
    Graph graph = build(batch(32_000, 0), rows).graph();
    assertEquals(blocks, graph.nodesOf("dev.preamble:LogitBlock").size());
  }

  private Case batch(int vocabulary, int rows) {
    float[] shares = new float[rows];
    for (int row = 0; row < rows; row++) {
      shares[row] = (row + 1f) / rows;
    }
    return new Case(
        vocabulary,
        normal(rows * HIDDEN),
        normal(vocabulary * HIDDEN),
        new float[vocabulary],
        random.longs(rows, 0, vocabulary).toArray(),
        shares);
  }

  private float[] normal(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = 2 * (float) random.nextGaussian();
    }
    return values;
  }

  /**
   * @param rounding how far the logits in float32 may be off
   */
  private static void check(Case batch, float rounding) {
    Result expected = formula(batch);
    for (int rows : new int[] {1, MANY}) {
      Result found = run(batch, 2, rows);
      assertEquals(expected.loss(), found.loss(), 3e-6 * expected.loss() + 3e-12 + 4 * rounding);
      assertArrayEquals(expected.derivative(), found.derivative(), 1e-5 + 40 * rounding);
    }
  }

  private static Result formula(Case batch) {
    double loss = 0;
    double[] derivative = new double[batch.x().length];
    for (int row = 0; row < batch.rows(); row++) {
      double[] logits = new double[batch.vocabulary()];
      for (int token = 0; token < logits.length; token++) {
        double product = 0;
        for (int h = 0; h < HIDDEN; h++) {
          product += batch.x()[row * HIDDEN + h] * batch.weight()[token * HIDDEN + h];
        }
        logits[token] = FACTOR * product + batch.bias()[token];
      }
      int label = (int) batch.labels()[row];
      double highest = Arrays.stream(logits).max().orElseThrow();
      double others = 0;
      for (int token = 0; token < logits.length; token++) {
        others += token == label ? 0 : Math.exp(logits[token] - highest);
      }
      double ofLabel = Math.exp(logits[label] - highest);
      loss +=
          batch.shares()[row] * (ofLabel == 1 ? Math.log1p(others) : Math.log(others + ofLabel))
              + batch.shares()[row] * (highest - logits[label]);
      for (int token = 0; token < logits.length; token++) {
        double slope =
            (token == label ? -others : Math.exp(logits[token] - highest)) / (others + ofLabel);
        for (int h = 0; h < HIDDEN; h++) {
          derivative[row * HIDDEN + h] +=
              batch.shares()[row] * FACTOR * slope * batch.weight()[token * HIDDEN + h];
        }
      }
    }
    return new Result(loss, derivative);
  }

  private static Result run(Case batch, int threads) {
    return run(batch, threads, MANY);
  }

  private record Built(Graph graph, String loss, String derivative) {}

  /**
   * @param expected rows that the graph is made for
   */
  private static Built build(Case batch, int expected) {
    GraphEditor editor = Graphs.empty(Operators.KERNELS);
    Ops ops = new Ops(editor);
    Value x = editor.input("x", DataType.FLOAT, 1, PackedLayout.LABELS, HIDDEN);
    Value weight =
        editor.constant(
            new Constant(
                "head",
                DataType.FLOAT,
                List.of((long) batch.vocabulary(), (long) HIDDEN),
                new Constant.Inline(bytes(batch.weight()))));
    Value bias =
        editor.input(PackedGraph.VOCABULARY_BIAS, DataType.FLOAT, (long) batch.vocabulary());
    Value logits = ops.matMul(x, false, weight, true, FACTOR);
    Composite entropy =
        BlockedCrossEntropy.of(editor, logits, Optional.of(bias), expected).orElseThrow();
    Value slope =
        Gradient.of(editor, entropy.output(), List.of(x), List.of(entropy), Optional.empty())
            .getFirst();
    Graph graph = editor.finish(List.of(entropy.output(), slope));
    return new Built(graph, entropy.output().name(), slope.name());
  }

  private static Result run(Case batch, int threads, int expected) {
    Built built = build(batch, expected);
    SessionOptions options =
        SessionOptions.defaults().withThreads(threads).withKernels(Kernels.ALL);
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put("x", Tensor.floats(batch.x(), 1, batch.rows(), HIDDEN));
    inputs.put(PackedGraph.VOCABULARY_BIAS, Tensor.floats(batch.bias(), batch.vocabulary()));
    inputs.put(PackedGraph.LABELS, Tensor.longs(batch.labels(), batch.rows()));
    inputs.put(PackedGraph.LABEL_WEIGHTS, Tensor.floats(batch.shares(), batch.rows()));
    try (Session session = Session.open(GraphWriter.write(built.graph()), options)) {
      Map<String, Tensor> found = session.run(inputs);
      try (Tensor loss = found.get(built.loss());
          Tensor derivative = found.get(built.derivative())) {
        float[] values = derivative.toFloats();
        double[] widened = new double[values.length];
        Arrays.setAll(widened, i -> values[i]);
        return new Result(loss.toFloats()[0], widened);
      }
    } finally {
      inputs.values().forEach(Tensor::close);
    }
  }

  private static byte[] bytes(float[] values) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asFloatBuffer().put(values);
    return buffer.array();
  }
}
