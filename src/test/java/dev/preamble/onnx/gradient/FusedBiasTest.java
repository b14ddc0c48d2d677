package dev.preamble.onnx.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FusedBiasTest {
  @Test
  void whatComesBeforeTheBiasIsKeptAlone() {
    TinyGraph graph = new TinyGraph(Operators.KERNELS);
    Value bias = graph.constant(3);
    Value x = graph.ops.mul(graph.trainable(2, 3), graph.ops.real(2));
    Value y = gelu(graph, graph.ops.add(bias, x));
    List<Value> outputs = new ArrayList<>(graph.differentiate(y));
    outputs.add(y);
    List<Node> nodes = graph.editor.finish(outputs).nodes();
    assertEquals(
        List.of("com.microsoft:FastGelu", "dev.preamble:TanhGeluGradient"),
        nodes.stream().filter(node -> node.inputs().contains(x.name())).map(Node::key).toList());
    assertEquals(
        List.of(),
        nodes.stream()
            .filter(node -> node.inputs().contains(y.name()) && !node.key().equals("Shape"))
            .toList());
    assertEquals(
        List.of(bias.name(), bias.name()),
        nodes.stream()
            .filter(node -> node.inputs().contains(x.name()))
            .map(node -> node.inputs().getLast())
            .toList());
  }

  @Test
  void aSumThatIsReadElsewhereStays() {
    TinyGraph graph = new TinyGraph(Operators.KERNELS);
    Value sum = graph.ops.add(graph.trainable(2, 3), graph.constant(3));
    assertStays(graph, graph.ops.add(gelu(graph, sum), sum));
  }

  @Test
  void otherBiasesStay() {
    TinyGraph graph = new TinyGraph(Operators.KERNELS);
    Value one = gelu(graph, graph.ops.add(graph.trainable(2, 3), graph.constant(1)));
    Value given = gelu(graph, graph.ops.add(graph.trainable(2, 3), graph.frozen(3)));
    Value rows = gelu(graph, graph.ops.add(graph.trainable(2, 3), graph.frozen(2, 1)));
    assertStays(graph, graph.ops.add(graph.ops.add(one, given), rows));
  }

  @Test
  void graphsOfStockOperatorsStay() {
    TinyGraph graph = new TinyGraph();
    assertStays(graph, gelu(graph, graph.ops.add(graph.trainable(2, 3), graph.constant(3))));
  }

  /** Differentiation leaves what leads to {@code y} as it is. */
  private static void assertStays(TinyGraph graph, Value y) {
    List<Node> before = graph.editor.finish(List.of(y)).nodes();
    graph.differentiate(y);
    assertEquals(before, graph.editor.finish(List.of(y)).nodes());
  }

  private static Value gelu(TinyGraph graph, Value x) {
    Map<String, Attribute> attributes = Map.of("approximate", new Attribute.Text("tanh"));
    return graph.emit("Gelu", x.shape(), attributes, x);
  }
}
