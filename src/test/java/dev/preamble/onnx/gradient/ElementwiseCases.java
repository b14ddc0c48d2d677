package dev.preamble.onnx.gradient;

import dev.preamble.onnx.DataType;
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
        new RuleCase(
            "Mul",
            "of a value with its sigmoid",
            graph -> {
              Value x = graph.trainable(2, 3);
              return graph.ops.mul(x, graph.ops.unary("Sigmoid", x));
            }));
    cases.add(
        new RuleCase(
            "Mul",
            "of a sigmoid with its value, both used again",
            graph -> {
              Value x = graph.trainable(2, 3);
              Value s = graph.ops.unary("Sigmoid", x);
              return graph.ops.add(graph.ops.mul(s, x), graph.ops.mul(s, s));
            }));
    cases.add(
        new RuleCase(
            "Mul",
            "of a value with another's sigmoid",
            graph ->
                graph.ops.mul(
                    graph.trainable(2, 3), graph.ops.unary("Sigmoid", graph.trainable(2, 3)))));
    cases.add(
        new RuleCase(
            "Mul",
            "of SiLU and another value",
            graph -> graph.ops.mul(silu(graph, 2, 3), graph.trainable(2, 3))));
    cases.add(
        new RuleCase(
            "Mul",
            "of a value and SiLU, more than a strip",
            graph -> graph.ops.mul(graph.trainable(1025), silu(graph, 1025))));
    cases.add(
        new RuleCase(
            "Mul",
            "of a value that is frozen and SiLU",
            graph -> graph.ops.mul(graph.frozen(2, 3), silu(graph, 2, 3))));
    cases.add(
        new RuleCase(
            "Mul",
            "of one value and its SiLU",
            graph -> {
              Value x = graph.trainable(2, 3);
              return graph.ops.mul(x, graph.ops.mul(x, graph.ops.unary("Sigmoid", x)));
            }));
    cases.add(
        new RuleCase(
            "Mul",
            "of a narrower value and SiLU, used again",
            graph -> {
              Value y = silu(graph, 2, 3);
              return graph.ops.add(graph.ops.mul(graph.trainable(3), y), y);
            }));
    cases.add(
        new RuleCase(
            "Mul",
            "of SiLU with itself",
            graph -> {
              Value y = silu(graph, 2, 3);
              return graph.ops.mul(y, y);
            }));
    cases.add(
        new RuleCase("Div", "", graph -> graph.ops.div(graph.trainable(2, 3), graph.positive(3))));
    cases.add(
        new RuleCase(
            "Div",
            "widened numerator",
            graph -> graph.ops.div(graph.trainable(2, 1), graph.positive(2, 3))));
    for (String op :
        List.of("Identity", "Neg", "Exp", "Tanh", "Sigmoid", "Relu", "Abs", "Erf", "Dropout")) {
      cases.add(new RuleCase(op, "", graph -> graph.ops.unary(op, graph.trainable(2, 3))));
    }
    for (String op : List.of("Sqrt", "Reciprocal", "Log")) {
      cases.add(new RuleCase(op, "", graph -> graph.ops.unary(op, graph.positive(2, 3))));
    }
    for (float exponent : new float[] {2, 3, 0.5f, -1}) {
      cases.add(new RuleCase("Pow", "to the " + exponent, power(exponent)));
    }
    cases.add(new RuleCase("Cast", "to float64 and back", ElementwiseCases::squareInDouble));
    cases.add(new RuleCase("Clip", "both bounds", clip(-1.03f, 0.97f)));
    cases.add(new RuleCase("Clip", "one bound", clip(-0.6f)));
    for (String op : List.of("Max", "Min")) {
      cases.add(
          new RuleCase(
              op,
              "of three, one of them frozen and one widened",
              graph -> {
                Value x = graph.trainable(2, 3);
                return graph.emit(
                    op, x.shape(), Map.of(), x, graph.frozen(2, 3), graph.trainable(3));
              }));
    }
    cases.add(
        new RuleCase(
            "Where",
            "",
            graph -> {
              Value sign = graph.frozen(4, 3);
              return graph.ops.where(
                  graph.ops.greaterOrEqual(sign, graph.ops.real(0)),
                  graph.trainable(3),
                  graph.trainable(4, 1));
            }));
    cases.addAll(ActivationCases.all());
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

  private static Value squareInDouble(TinyGraph graph) {
    Value x = graph.ops.cast(graph.trainable(2, 3), DataType.DOUBLE);
    return graph.ops.cast(graph.ops.mul(x, x), DataType.FLOAT);
  }

  private static Function<TinyGraph, Value> clip(float... bounds) {
    return graph -> {
      Value x = graph.trainable(4, 6);
      Value least = graph.ops.real(bounds[0]);
      return bounds.length == 1
          ? graph.emit("Clip", x.shape(), Map.of(), x, least)
          : graph.emit("Clip", x.shape(), Map.of(), x, least, graph.ops.real(bounds[1]));
    };
  }

  private static Value silu(TinyGraph graph, long... sizes) {
    Value x = graph.trainable(sizes);
    return graph.ops.mul(x, graph.ops.unary("Sigmoid", x));
  }
}
