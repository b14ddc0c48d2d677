package dev.preamble.onnx.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Graphs;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Composite;
import dev.preamble.onnx.gradient.Gradient;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loss and derivative equal their formulas in float64, however improbable a label is. */
class CrossEntropyTest {
  private static final int VOCABULARY = 17;
  private static final int LABELS = 5;

  /**
   * @param below how far the logits of some labels are below the others'
   */
  @ParameterizedTest
  @ValueSource(floats = {0, 60, 80, 100, 400})
  void equalsItsFormula(float below) {
    Random random = new Random(3);
    float[] logits = new float[LABELS * VOCABULARY];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = 4 * (float) random.nextGaussian();
    }
    long[] labels = random.longs(LABELS, 0, VOCABULARY).toArray();
    float[] weights = {0.1f, 0.4f, 0.2f, 0.2f, 0.1f};
    for (int label = 0; label < LABELS; label += 2) {
      logits[label * VOCABULARY + (int) labels[label]] -= below;
    }
    double loss = 0;
    double[] derivative = new double[logits.length];
    for (int i = 0; i < LABELS; i++) {
      int row = i * VOCABULARY;
      double sum = IntStream.range(0, VOCABULARY).mapToDouble(j -> Math.exp(logits[row + j])).sum();
      int label = row + (int) labels[i];
      loss -= weights[i] * (logits[label] - Math.log(sum));
      for (int j = 0; j < VOCABULARY; j++) {
        derivative[row + j] = weights[i] * Math.exp(logits[row + j]) / sum;
      }
      derivative[label] -= weights[i];
    }

    Found found = run(logits, labels, weights);
    assertEquals(loss, found.loss(), 1e-6 * loss);
    float[] each = found.derivative();
    double[] widened = IntStream.range(0, each.length).mapToDouble(i -> each[i]).toArray();
    assertArrayEquals(derivative, widened, 1e-7);
  }

  /** A run whose model gives no numbers is ended by the loss that it sees. */
  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void ofLogitsThatAreNoNumbersIsNone(float logit) {
    float[] logits = new float[LABELS * VOCABULARY];
    logits[VOCABULARY + 3] = logit;
    float[] weights = new float[LABELS];
    Arrays.fill(weights, 1f / LABELS);
    assertTrue(Float.isNaN(run(logits, new long[LABELS], weights).loss()));
  }

  private record Found(float loss, float[] derivative) {}

  private static Found run(float[] logits, long[] labels, float[] weights) {
    GraphEditor editor = Graphs.empty();
    Value input = editor.input("z", DataType.FLOAT, 1, PackedLayout.LABELS, VOCABULARY);
    Composite entropy = CrossEntropy.of(editor, input, Optional.empty(), LABELS);
    List<Value> gradient =
        Gradient.of(editor, entropy.output(), List.of(input), List.of(entropy), Optional.empty());
    Graph graph = editor.finish(List.of(entropy.output(), gradient.getFirst()));
    try (Session session = Session.open(GraphWriter.write(graph), SessionOptions.defaults());
        Tensor z = Tensor.floats(logits, 1, LABELS, VOCABULARY);
        Tensor ids = Tensor.longs(labels, LABELS);
        Tensor shares = Tensor.floats(weights, LABELS)) {
      Map<String, Tensor> found =
          session.run(Map.of("z", z, PackedGraph.LABELS, ids, PackedGraph.LABEL_WEIGHTS, shares));
      try (Tensor foundLoss = found.get(entropy.output().name());
          Tensor foundDerivative = found.get(gradient.getFirst().name())) {
        return new Found(foundLoss.toFloats()[0], foundDerivative.toFloats());
      }
    }
  }
}
