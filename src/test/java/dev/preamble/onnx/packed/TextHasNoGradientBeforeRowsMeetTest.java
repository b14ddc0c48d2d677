package dev.preamble.onnx.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphReader;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Text is not trainable, and nothing that is reaches it before the first attention: the products in
 * front of it are differentiated for the prompt's rows alone, all later ones for every row.
 */
class TextHasNoGradientBeforeRowsMeetTest {
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
    Graph exported = GraphReader.read(Path.of("test-fixtures", model, "preamble.onnx"));
    long hidden = exported.input("inputs_embeds").orElseThrow().shape().at(2).size();
    Graph graph =
        PackedGraph.training(
            exported,
            editor -> {
              Value prompt =
                  editor.input(PackedGraph.PROMPT, DataType.FLOAT, PackedLayout.P, hidden);
              return new PackedEntry(PackedEntry.Kind.ROWS, prompt, List.of(prompt));
            });
    List<String> read =
        graph.nodes().stream()
            .filter(node -> node.inputs().contains(weight))
            .map(node -> rows(graph, node))
            .toList();
    assertEquals(List.of("N", rows), read, "forward, then backward");
  }

  private static String rows(Graph graph, Node product) {
    Shape shape = graph.values().get(product.input(0)).shape();
    return shape.at(1).toString();
  }
}
