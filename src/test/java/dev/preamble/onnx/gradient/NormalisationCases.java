package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Cases of normalisations over the last dimension. */
final class NormalisationCases {
  private static final List<String> OPERATORS =
      List.of("LayerNormalization", "SimplifiedLayerNormalization");

  private NormalisationCases() {}

  static List<RuleCase> all() {
    List<RuleCase> cases = new ArrayList<>();
    for (String op : OPERATORS) {
      cases.add(new RuleCase(op, "", graph -> norm(graph, op, graph.trainable(1, 3, 8), 8)));
      cases.add(new RuleCase(op, "one row", graph -> norm(graph, op, graph.trainable(13), 13)));
      cases.add(
          new RuleCase(op, "a wide row", graph -> norm(graph, op, graph.trainable(1, 257), 257)));
      cases.add(
          new RuleCase(
              op, "one gain for all elements", graph -> norm(graph, op, graph.trainable(3, 8), 1)));
      cases.add(
          new RuleCase(op, "beside its input, three times the same", graph -> thrice(graph, op)));
      for (int readers = 1; readers < 5; readers++) {
        int count = readers;
        cases.add(
            new RuleCase(
                op,
                "read by %d, as is its input".formatted(count),
                graph -> readBy(count, graph, op)));
      }
    }
    cases.add(
        new RuleCase(
            "LayerNormalization",
            "with a bias",
            graph -> norm(graph, "LayerNormalization", graph.trainable(1, 3, 8), 8, 8)));
    return cases;
  }

  /** x normalised with a gain, and a bias if given, of so many elements. */
  private static Value norm(TinyGraph graph, String op, Value x, long... parameters) {
    Map<String, Attribute> attributes =
        Map.of("axis", new Attribute.Int(-1), "epsilon", new Attribute.Real(0.1f));
    Value[] inputs =
        Stream.concat(Stream.of(x), LongStream.of(parameters).mapToObj(graph::frozen))
            .toArray(Value[]::new);
    return graph.emit(op, x.shape(), attributes, inputs);
  }

  /** norm(x) + x + x + x: one gradient flows to x three times by other ways. */
  private static Value thrice(TinyGraph graph, String op) {
    Value x = graph.trainable(5, 7);
    Value sum = norm(graph, op, x, 7);
    for (int i = 0; i < 3; i++) {
      sum = graph.ops.add(sum, x);
    }
    return sum;
  }

  /** The sum of {@code count} products of the norm and as many of x, one of these per row alone. */
  private static Value readBy(int count, TinyGraph graph, String op) {
    Value x = graph.trainable(5, 7);
    Value y = norm(graph, op, x, 7);
    Value sum = graph.ops.mean(x, -1);
    for (int i = 0; i < count; i++) {
      sum = graph.ops.add(graph.ops.mul(y, graph.frozen(5, 7)), sum);
      sum = graph.ops.add(graph.ops.mul(x, graph.frozen(5, 7)), sum);
    }
    return sum;
  }
}
