package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Cases of operators that work element by element. */
final class ElementwiseCases {
  private ElementwiseCases() {}

  static List<RuleCase> all() {
    List<RuleCase> cases = new ArrayList<>();
    broadcasting(cases, "Add", (graph, sides) -> graph.ops.add(sides.a(), sides.b()));
    broadcasting(cases, "Sub", (graph, sides) -> graph.ops.sub(sides.a(), sides.b()));
    broadcasting(cases, "Mul", (graph, sides) -> graph.ops.mul(sides.a(), sides.b()));
    cases.add(
        new RuleCase(
            "Mul",
            "of a value with itself",
            graph -> {
              Value x = graph.trainable(2, 3);
              return graph.ops.mul(x, x);
            }));
    cases.add(
        new RuleCase("Div", "", graph -> graph.ops.div(graph.trainable(2, 3), graph.positive(3))));
    cases.add(
        new RuleCase(
            "Div",
            "widened numerator",
            graph -> graph.ops.div(graph.trainable(2, 1), graph.positive(2, 3))));
    for (String op : List.of("Identity", "Neg", "Exp", "Tanh", "Sigmoid", "Relu")) {
      cases.add(new RuleCase(op, "", graph -> graph.ops.unary(op, graph.trainable(2, 3))));
    }
    for (String op : List.of("Sqrt", "Reciprocal")) {
      cases.add(new RuleCase(op, "", graph -> graph.ops.unary(op, graph.positive(2, 3))));
    }
    for (float exponent : new float[] {2, 3, 0.5f, -1}) {
      cases.add(new RuleCase("Pow", "to the " + exponent, power(exponent)));
    }
    for (float alpha : new float[] {1, 1.702f}) {
      cases.add(new RuleCase("com.microsoft:QuickGelu", "alpha " + alpha, quickGelu(alpha)));
    }
    cases.add(new RuleCase("com.microsoft:QuickGelu", "default alpha", quickGelu(Map.of())));
    return cases;
  }

  private record Sides(Value a, Value b) {}

  private static void broadcasting(
      List<RuleCase> cases, String op, BiFunction<TinyGraph, Sides, Value> build) {
    Map<String, Function<TinyGraph, Sides>> shapes =
        Map.of(
            "equal shapes",
            graph -> new Sides(graph.trainable(2, 3), graph.trainable(2, 3)),
            "a shorter shape",
            graph -> new Sides(graph.trainable(4, 2, 3), graph.trainable(3)),
            "both widened",
            graph -> new Sides(graph.trainable(2, 1), graph.trainable(1, 3)),
            "a scalar",
            graph -> new Sides(graph.trainable(), graph.trainable(2, 3)),
            "an inner dimension of 1",
            graph -> new Sides(graph.trainable(2, 3, 4), graph.trainable(2, 1, 4)),
            "a symbol against 1",
            graph ->
                new Sides(
                    graph.trainable(Shape.of("rows", 3), 4, 3),
                    graph.trainable(Shape.of(1, 3), 1, 3)),
            "a frozen side",
            graph -> new Sides(graph.trainable(1, 3), graph.frozen(2, 3)));
    shapes.forEach(
        (variant, sides) ->
            cases.add(new RuleCase(op, variant, graph -> build.apply(graph, sides.apply(graph)))));
  }

  private static Function<TinyGraph, Value> power(float exponent) {
    return graph -> {
      Value x = graph.positive(2, 3);
      return graph.emit("Pow", x.shape(), Map.of(), x, graph.ops.real(exponent));
    };
  }

  private static Function<TinyGraph, Value> quickGelu(float alpha) {
    return quickGelu(Map.of("alpha", new Attribute.Real(alpha)));
  }

  private static Function<TinyGraph, Value> quickGelu(Map<String, Attribute> attributes) {
    return graph -> {
      Value x = graph.trainable(2, 3);
      return graph.ops.emit(Node.CONTRIB, "QuickGelu", DataType.FLOAT, x.shape(), attributes, x);
    };
  }
}
