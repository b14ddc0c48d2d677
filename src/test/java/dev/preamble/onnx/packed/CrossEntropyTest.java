package dev.preamble.onnx.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Gradient;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
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

    GraphEditor editor =
        new GraphEditor(
            new Graph(
                List.of(),
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                Map.of("", 23L, Node.CONTRIB, 1L)));
    Value input = editor.input("z", DataType.FLOAT, 1, PackedLayout.LABELS, VOCABULARY);
    CrossEntropy entropy = new CrossEntropy(editor, input, Optional.empty());
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
        assertEquals(loss, foundLoss.toFloats()[0], 1e-6 * loss);
        float[] each = foundDerivative.toFloats();
        double[] widened = IntStream.range(0, each.length).mapToDouble(i -> each[i]).toArray();
        assertArrayEquals(derivative, widened, 1e-7);
      }
    }
  }
}
