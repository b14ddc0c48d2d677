package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Has GELU by tanh add a frozen bias itself, where kernels may be used: its derivative then needs
 * what came before the bias alone, and the sum is neither written nor kept until the backward pass.
 */
final class FusedBias {
  private final GraphEditor editor;
  private final Ops ops;
  private final Map<String, Node> producers;
  private final Map<String, Integer> readings = new HashMap<>();

  private FusedBias(GraphEditor editor, Graph forward) {
    this.editor = editor;
    this.ops = new Ops(editor);
    this.producers = editor.producers();
    for (Node node : forward.nodes()) {
      node.inputs().forEach(name -> readings.merge(name, 1, Integer::sum));
    }
  }

  /** Rewrites what leads to {@code loss}. */
  static void in(GraphEditor editor, Value loss) {
    Graph forward = editor.finish(List.of(loss));
    FusedBias fused = new FusedBias(editor, forward);
    for (Node node : forward.nodes()) {
      fused
          .fuse(node)
          .ifPresent(
              other -> {
                editor.remove(node);
                editor.add(other);
              });
    }
  }

  private Optional<Node> fuse(Node node) {
    if (!node.key().equals("Gelu")
        || !node.text("approximate", "none").equals("tanh")
        || !ops.hasKernelsFor(editor.value(node.input(0)))) {
      return Optional.empty();
    }
    return Optional.ofNullable(producers.get(node.input(0)))
        .filter(sum -> sum.key().equals("Add") && readings.get(node.input(0)) == 1)
        .flatMap(this::biasLast)
        .map(inputs -> new Node(Node.CONTRIB, "FastGelu", inputs, node.outputs(), Map.of()));
  }

  /** The operands of {@code sum}, if one is a vector of the other's last dimension. */
  private Optional<List<String>> biasLast(Node sum) {
    for (int i = 0; i < 2; i++) {
      Value x = editor.value(sum.input(1 - i));
      Value bias = editor.value(sum.input(i));
      if (editor.constant(bias.name()).isPresent()
          && bias.shape().rank() == 1
          && bias.shape().at(0).equals(x.shape().at(-1))) {
        return Optional.of(List.of(x.name(), bias.name()));
      }
    }
    return Optional.empty();
  }
}
