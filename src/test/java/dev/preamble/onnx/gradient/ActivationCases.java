package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Cases of activation functions. */
final class ActivationCases {
  private ActivationCases() {}

  static List<RuleCase> all() {
    List<RuleCase> cases = new ArrayList<>();
    for (float alpha : new float[] {1, 1.702f}) {
      Map<String, Attribute> attributes = Map.of("alpha", new Attribute.Real(alpha));
      cases.add(
          new RuleCase(
              "com.microsoft:QuickGelu",
              "alpha " + alpha,
              activation(Node.CONTRIB, "QuickGelu", attributes)));
    }
    cases.add(
        new RuleCase(
            "com.microsoft:QuickGelu",
            "default alpha",
            activation(Node.CONTRIB, "QuickGelu", Map.of())));
    for (String form : List.of("none", "tanh")) {
      Map<String, Attribute> attributes = Map.of("approximate", new Attribute.Text(form));
      cases.add(new RuleCase("Gelu", "approximate " + form, activation("", "Gelu", attributes)));
    }
    cases.add(new RuleCase("Gelu", "default", activation("", "Gelu", Map.of())));
    cases.add(new RuleCase("com.microsoft:Gelu", "", activation(Node.CONTRIB, "Gelu", Map.of())));
    cases.add(
        new RuleCase("com.microsoft:FastGelu", "", activation(Node.CONTRIB, "FastGelu", Map.of())));
    cases.add(
        new RuleCase(
            "com.microsoft:FastGelu",
            "with a bias",
            graph -> {
              Value x = graph.trainable(2, 3);
              return graph.ops.emit(
                  Node.CONTRIB,
                  "FastGelu",
                  DataType.FLOAT,
                  x.shape(),
                  Map.of(),
                  x,
                  graph.trainable(3));
            }));
    for (int width : new int[] {1, 3, 1023, 1025}) {
      cases.add(
          new RuleCase(
              "Gelu", "approximate tanh, with a bias of " + width, graph -> biased(graph, width)));
    }
    return cases;
  }

  private static Value biased(TinyGraph graph, int width) {
    Value x = graph.trainable(width == 3 ? 2 : 1, width);
    return tanhGelu(graph, graph.ops.add(graph.constant(width), x));
  }

  private static Value tanhGelu(TinyGraph graph, Value x) {
    return graph.emit("Gelu", x.shape(), Map.of("approximate", new Attribute.Text("tanh")), x);
  }

  private static Function<TinyGraph, Value> activation(
      String domain, String op, Map<String, Attribute> attributes) {
    return graph -> {
      Value x = graph.trainable(2, 3);
      return graph.ops.emit(domain, op, DataType.FLOAT, x.shape(), attributes, x);
    };
  }
}
