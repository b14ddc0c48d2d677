package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Cases of operators that move elements. */
final class MovementCases {
  private MovementCases() {}

  static List<RuleCase> all() {
    return List.of(
        new RuleCase(
            "Reshape", "", graph -> graph.ops.reshape(graph.trainable(2, 6), Shape.of(3, 4), 3, 4)),
        new RuleCase("Reshape", "one symbol", reshape(Shape.of("rows", 6))),
        new RuleCase("Reshape", "two symbols", reshape(Shape.of("rows", "columns"))),
        new RuleCase(
            "Squeeze",
            "",
            graph ->
                graph.emit(
                    "Squeeze",
                    Shape.of(2, 3),
                    Map.of(),
                    graph.trainable(2, 1, 3),
                    graph.ops.longs(1))),
        new RuleCase("Unsqueeze", "", graph -> graph.ops.unsqueeze(graph.trainable(2, 3), 0, 2)),
        new RuleCase(
            "Flatten",
            "",
            graph ->
                graph.emit(
                    "Flatten",
                    Shape.of(2, 12),
                    Map.of("axis", new Attribute.Int(1)),
                    graph.trainable(2, 3, 4))),
        new RuleCase(
            "Transpose", "", graph -> graph.ops.transpose(graph.trainable(2, 3, 4), 1, 2, 0)),
        new RuleCase(
            "Transpose",
            "reversed by default",
            graph ->
                graph.emit("Transpose", Shape.of(4, 3, 2), Map.of(), graph.trainable(2, 3, 4))),
        new RuleCase(
            "Concat",
            "",
            graph ->
                graph.ops.concat(
                    1, graph.trainable(2, 3), graph.frozen(2, 2), graph.trainable(2, 1))),
        new RuleCase(
            "Concat",
            "symbols",
            graph ->
                graph.ops.concat(
                    0,
                    graph.trainable(Shape.of("P", 3), 2, 3),
                    graph.trainable(Shape.of("T", 3), 4, 3))),
        new RuleCase(
            "Concat",
            "of a value with itself",
            graph -> graph.ops.repeat(graph.trainable(2, 3), 0, 2)),
        new RuleCase("Slice", "parts that fill the value", slices(new long[][] {{2, 5}, {0, 2}})),
        new RuleCase("Slice", "parts that overlap", slices(new long[][] {{0, 3}, {2, 5}})),
        new RuleCase("Slice", "a gap", slices(new long[][] {{0, 1}, {3, 5}})),
        new RuleCase("Slice", "the same part twice", slices(new long[][] {{0, 2}, {0, 2}, {2, 5}})),
        new RuleCase("Slice", "from the end", slices(new long[][] {{-2, Long.MAX_VALUE}})),
        new RuleCase("Slice", "along two axes", MovementCases::slicesOfTwoAxes),
        new RuleCase("Slice", "beside another use", MovementCases::sliceAndWhole),
        new RuleCase("Split", "every part used", split(0, 1, 2)),
        new RuleCase("Split", "parts without use", split(1)),
        new RuleCase(
            "Expand", "", graph -> graph.ops.expand(graph.trainable(1, 3), graph.frozen(2, 4, 3))),
        new RuleCase("GatherElements", "duplicates", MovementCases::elements),
        new RuleCase("GatherND", "rows of a batch", rows(Shape.of(2, 3, 1), 2, 5, 4)),
        new RuleCase("GatherND", "elements of a batch", rows(Shape.of(2, 3, 1), 2, 5)),
        new RuleCase("GatherND", "slices of a batch", rows(Shape.of(2, 3, 1), 2, 5, 2, 2)),
        new RuleCase("Gather", "", gather(0, 2, 0)),
        new RuleCase("Gather", "duplicates", gather(0, 1, 3, 1, 1, 0)),
        new RuleCase("Gather", "duplicates, inner axis", gather(1, 2, 2, 0, 2)),
        new RuleCase("Gather", "from the end", gather(-1, -1, 0, -1)));
  }

  private static Function<TinyGraph, Value> reshape(Shape shape) {
    return graph -> graph.ops.reshape(graph.trainable(shape, 2, 6), Shape.of("all", 4), -1, 4);
  }

  /** Stretches of the second dimension of a [2, 5] value, each squared so that they differ. */
  private static Function<TinyGraph, Value> slices(long[][] stretches) {
    return graph -> {
      Value x = graph.trainable(2, 5);
      Value[] parts = new Value[stretches.length];
      for (int i = 0; i < parts.length; i++) {
        long to = Math.min(stretches[i][1], 5);
        long size = stretches[i][0] < 0 ? -stretches[i][0] : to - stretches[i][0];
        Value part = slice(graph, x, 1, stretches[i][0], stretches[i][1], size);
        parts[i] = graph.ops.mul(part, part);
      }
      return graph.ops.concat(1, parts);
    };
  }

  private static Value slicesOfTwoAxes(TinyGraph graph) {
    Value x = graph.trainable(2, 5);
    Value row = slice(graph, x, 0, 1, 2, 1);
    Value column = slice(graph, x, 1, 0, 1, 1);
    return graph.ops.mul(row, column);
  }

  private static Value sliceAndWhole(TinyGraph graph) {
    Value x = graph.trainable(2, 5);
    return graph.ops.mul(x, slice(graph, x, -1, 2, 3, 1));
  }

  private static Value slice(TinyGraph graph, Value x, int axis, long from, long to, long size) {
    return graph.ops.slice(
        x, axis, graph.ops.longs(from), graph.ops.longs(to), Shape.Dimension.of(size));
  }

  /** A [2, 6] value cut into parts of 1, 3 and 2 columns; the product of those in {@code used}. */
  private static Function<TinyGraph, Value> split(int... used) {
    return graph -> {
      Value x = graph.trainable(2, 6);
      List<Value> parts =
          graph.ops.split(
              x,
              1,
              graph.ops.longs(1, 3, 2),
              Shape.Dimension.of(1),
              Shape.Dimension.of(3),
              Shape.Dimension.of(2));
      Value[] squares =
          java.util.stream.IntStream.of(used)
              .mapToObj(i -> graph.ops.mul(parts.get(i), parts.get(i)))
              .toArray(Value[]::new);
      return graph.ops.concat(1, squares);
    };
  }

  private static Value elements(TinyGraph graph) {
    Value places = graph.ops.reshape(graph.ops.longs(0, 2, 2, 1, 1, 1), Shape.of(2, 3), 2, 3);
    Value x = graph.trainable(2, 4);
    return graph.emit(
        "GatherElements", Shape.of(2, 3), Map.of("axis", new Attribute.Int(1)), x, places);
  }

  /** Rows 4, 0, 4 of one batch entry and 1, 1, 2 of the other. */
  private static Function<TinyGraph, Value> rows(Shape indices, long... sizes) {
    return graph -> {
      Value places = graph.ops.reshape(graph.ops.longs(4, 0, 4, 1, 1, 2), indices, 2, 3, 1);
      Value x = graph.trainable(sizes);
      Shape shape = x.shape().with(1, Shape.Dimension.of(3));
      return graph.emit("GatherND", shape, Map.of("batch_dims", new Attribute.Int(1)), x, places);
    };
  }

  private static Function<TinyGraph, Value> gather(int axis, long... indices) {
    return graph -> {
      Value x = graph.trainable(Shape.of("rows", 3), 4, 3);
      Shape shape = x.shape().with(axis, Shape.Dimension.of(indices.length));
      Map<String, Attribute> attributes = Map.of("axis", new Attribute.Int(axis));
      return graph.emit("Gather", shape, attributes, x, graph.ops.longs(indices));
    };
  }
}
