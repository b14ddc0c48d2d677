package dev.preamble.onnx.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.onnx.Node;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Value;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NormalisationRulesTest {
  /** One product with each of y and x reads a norm y of x, as in a residual connection. */
  @Test
  void theKernelAddsWhatFlowsByTheResidualConnection() {
    TinyGraph graph = new TinyGraph(Operators.KERNELS);
    Value x = graph.trainable(2, 3);
    Value y = graph.emit("LayerNormalization", x.shape(), Map.of(), x, graph.frozen(3));
    Value beside = graph.ops.mul(x, graph.frozen(2, 3));
    Value both =
        graph.ops.add(graph.ops.mul(y, graph.frozen(2, 3)), graph.ops.mul(y, graph.frozen(2, 3)));
    Value loss = graph.ops.sum(graph.ops.add(both, beside));
    List<Value> gradient = Gradient.of(graph.editor, loss, List.of(x), List.of(), Optional.empty());
    List<Node> nodes = graph.editor.finish(gradient).nodes();
    Node kernel = nodes.getLast();
    assertEquals("NormalisationGradient", kernel.op());
    for (int term : new int[] {0, 5, 7}) {
      assertEquals("Mul", graph.editor.producers().get(kernel.input(term)).op());
    }
    assertEquals("", kernel.input(6), "y is read twice");
    assertEquals(8, kernel.inputs().size(), "x is read once more");
  }
}
