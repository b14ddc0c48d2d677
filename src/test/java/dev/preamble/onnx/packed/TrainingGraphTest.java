package dev.preamble.onnx.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphReader;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a training graph computes for fewer rows or columns than it could. */
class TrainingGraphTest {
  /**
   * Text is not trainable, and nothing that is reaches it before the first attention: the products
   * in front of it are differentiated for the prompt's rows alone, all later ones for every row.
   */
  @ParameterizedTest
  @CsvSource({
    "stories260K, model.layers.0.self_attn.v_proj.weight, P",
    "stories260K, model.layers.0.mlp.gate_proj.weight, N",
    "stories260K, model.layers.1.self_attn.v_proj.weight, N",
    "tiny-gpt2, transformer.h.0.attn.c_attn.weight, P",
    "tiny-gpt2, transformer.h.0.mlp.c_fc.weight, N",
    "tiny-gpt2, transformer.h.1.attn.c_attn.weight, N",
  })
  void productsReadRowsOf(String model, String weight, String rows) {
    Graph graph = trainingGraph(model);
    List<String> read =
        graph.nodes().stream()
            .filter(node -> node.inputs().contains(weight))
            .map(node -> graph.values().get(node.input(0)).shape().at(1).toString())
            .toList();
    assertEquals(List.of("N", rows), read, "forward, then backward");
  }

  /** What follows the keys and values of the last layer is computed where there is a label. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.layers.4.self_attn.q_proj.weight",
        "model.layers.4.self_attn.o_proj.weight",
        "model.layers.4.mlp.up_proj.weight"
      })
  void productsOfTheLastLayerReadLabelsAlone(String weight) {
    Graph graph = trainingGraph("stories260K");
    List<String> read =
        graph.nodes().stream()
            .filter(node -> node.inputs().contains(weight))
            .map(node -> graph.values().get(node.input(0)).shape().at(1).toString())
            .toList();
    assertEquals(List.of("n", "n"), read, "forward, then backward");
  }

  /**
   * Beside the head's product, softmax and the label are all that the vocabulary's width costs; and
   * the logarithm of softmax, of the rows whose label is improbable.
   */
  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tiny-gpt2"})
  void operationsAsWideAsTheVocabulary(String model) {
    Graph graph = trainingGraph(model);
    Shape.Dimension vocabulary = exported(model).outputs().getFirst().shape().at(2);
    List<String> wide =
        graph.nodes().stream()
            .filter(node -> graph.values().get(node.output(0)).shape().rank() == 3)
            .filter(node -> graph.values().get(node.output(0)).shape().at(2).equals(vocabulary))
            .map(node -> node.op() + " " + graph.values().get(node.output(0)).shape().at(1))
            .toList();
    List<String> expected =
        List.of("Softmax n", "Gather improbable", "LogSoftmax improbable", "ScatterElements n");
    assertEquals(Set.copyOf(expected), Set.copyOf(wide.subList(1, wide.size())));
    assertEquals(expected.size(), wide.size() - 1);
    assertTrue(wide.getFirst().endsWith("MatMul n"), wide.getFirst());
  }

  /**
   * What one product gives of queries, keys and values is read where it lies, and so is its
   * derivative written; labels' queries alone are taken out of the last layer's.
   */
  @Test
  void joinedHeadsAreNotTakenApart() {
    Graph exported = exported("tiny-gpt2");
    Graph graph = trainingGraph("tiny-gpt2");
    assertEquals(2, exported.nodes().stream().filter(node -> node.op().equals("Split")).count());
    String joined =
        exported.nodes().stream()
            .filter(node -> node.op().equals("Split"))
            .findFirst()
            .orElseThrow()
            .input(0);
    List<String> readers =
        graph.nodes().stream()
            .filter(node -> node.inputs().contains(joined))
            .map(Node::op)
            .distinct()
            .toList();
    assertEquals(List.of("Reshape"), readers);
  }

  /** A shape that is not written costs a copy wherever a result could take its operand's place. */
  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tiny-gpt2"})
  void everyShapeIsWritten(String model, @TempDir Path folder) throws IOException {
    Graph graph = trainingGraph(model);
    Path file = folder.resolve("training.onnx");
    Files.write(file, GraphWriter.write(graph));
    Graph written = GraphReader.read(file);
    for (Node node : graph.nodes()) {
      for (String output : node.outputs()) {
        assertEquals(graph.values().get(output), written.values().get(output), node::toString);
      }
    }
  }

  private static Graph exported(String model) {
    return GraphReader.read(Path.of("test-fixtures", model, "preamble.onnx"));
  }

  /** Every layer norm of GPT-2 reads a sum: of a residual connection, a product and its bias. */
  @Test
  void aSumAndItsLayerNormAreOneKernel() {
    Graph graph = trainingGraph("tiny-gpt2", Operators.KERNELS);
    assertEquals(List.of(), graph.nodesOf("LayerNormalization"));
    List<Node> kernels = graph.nodesOf(Node.KERNELS + ":SumLayerNormalisation");
    assertEquals(trainingGraph("tiny-gpt2").nodesOf("LayerNormalization").size(), kernels.size());
    assertTrue(kernels.get(1).input(5).endsWith("bias"), () -> kernels.get(1).toString());
  }

  private static Graph trainingGraph(String model) {
    return trainingGraph(model, Operators.STOCK);
  }

  private static Graph trainingGraph(String model, Operators operators) {
    Graph exported = exported(model);
    long hidden = exported.input("inputs_embeds").orElseThrow().shape().at(2).size();
    return PackedGraph.training(
        exported,
        editor -> {
          Value prompt = editor.input(PackedGraph.PROMPT, DataType.FLOAT, PackedLayout.P, hidden);
          return new PackedEntry(PackedEntry.Kind.ROWS, prompt, List.of(prompt));
        },
        false,
        operators,
        1);
  }
}
