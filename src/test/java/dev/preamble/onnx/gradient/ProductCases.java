package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Cases of products, reductions and normalisations. */
final class ProductCases {
  private ProductCases() {}

  static List<RuleCase> all() {
    List<RuleCase> cases = new ArrayList<>();
    cases.add(
        new RuleCase(
            "MatMul", "", graph -> graph.ops.matMul(graph.trainable(2, 3), graph.trainable(3, 4))));
    cases.add(
        new RuleCase(
            "MatMul",
            "one matrix for a batch",
            graph -> graph.ops.matMul(graph.trainable(2, 3, 4), graph.trainable(4, 5))));
    cases.add(
        new RuleCase(
            "MatMul",
            "a batch widened",
            graph -> graph.ops.matMul(graph.trainable(1, 2, 3), graph.trainable(4, 3, 2))));
    for (boolean ta : new boolean[] {false, true}) {
      for (boolean tb : new boolean[] {false, true}) {
        cases.add(fused(ta, tb, 0.5f));
      }
    }
    cases.add(
        new RuleCase(
            "com.microsoft:FusedMatMul",
            "one matrix for a batch, both transposed",
            graph ->
                graph.ops.matMul(graph.trainable(2, 4, 3), true, graph.trainable(5, 4), true, 3)));

    cases.add(new RuleCase("Gemm", "", gemm(Map.of(), false, false)));
    cases.add(
        new RuleCase(
            "Gemm",
            "scaled and transposed",
            gemm(
                Map.of(
                    "alpha", new Attribute.Real(0.5f),
                    "beta", new Attribute.Real(2),
                    "transA", new Attribute.Int(1),
                    "transB", new Attribute.Int(1)),
                true,
                true)));
    for (String op : List.of("ReduceSum", "ReduceMean")) {
      cases.add(new RuleCase(op, "all elements", reduction(op, Shape.of(), 0)));
      cases.add(new RuleCase(op, "all, kept", reduction(op, Shape.of(1, 1, 1), 1)));
      cases.add(new RuleCase(op, "one axis", reduction(op, Shape.of("rows", 3), 0, 2)));
      cases.add(new RuleCase(op, "kept, from the end", reduction(op, Shape.of(1, 3, 4), 1, -3)));
      cases.add(new RuleCase(op, "two axes", reduction(op, Shape.of(3), 0, 2, 0)));
    }
    cases.add(new RuleCase("Softmax", "", graph -> graph.ops.softmax(graph.trainable(2, 3))));
    cases.add(
        new RuleCase(
            "Softmax",
            "last axis by number",
            graph -> {
              Value x = graph.trainable(2, 2, 3);
              return graph.emit("Softmax", x.shape(), Map.of("axis", new Attribute.Int(2)), x);
            }));
    cases.add(new RuleCase("LogSoftmax", "", graph -> graph.ops.logSoftmax(graph.trainable(2, 3))));
    cases.add(new RuleCase("RotaryEmbedding", "halves", rotary(0, false)));
    cases.add(new RuleCase("RotaryEmbedding", "interleaved", rotary(1, false)));
    cases.add(new RuleCase("RotaryEmbedding", "positions beside the tables", rotary(0, true)));
    return cases;
  }

  private static Function<TinyGraph, Value> gemm(
      Map<String, Attribute> attributes, boolean ta, boolean tb) {
    return graph ->
        graph.emit(
            "Gemm",
            Shape.of(3, 5),
            attributes,
            ta ? graph.trainable(4, 3) : graph.trainable(3, 4),
            tb ? graph.trainable(5, 4) : graph.trainable(4, 5),
            graph.trainable(5));
  }

  private static RuleCase fused(boolean ta, boolean tb, float alpha) {
    return new RuleCase(
        "com.microsoft:FusedMatMul",
        "transA %s, transB %s, alpha %s".formatted(ta, tb, alpha),
        graph ->
            graph.ops.matMul(
                ta ? graph.trainable(2, 4, 3) : graph.trainable(2, 3, 4),
                ta,
                tb ? graph.trainable(2, 5, 4) : graph.trainable(2, 4, 5),
                tb,
                alpha));
  }

  private static Function<TinyGraph, Value> reduction(
      String op, Shape shape, int keepdims, long... axes) {
    return graph -> {
      Value x = graph.trainable(Shape.of("rows", 3, 4), 2, 3, 4);
      Map<String, Attribute> attributes = Map.of("keepdims", new Attribute.Int(keepdims));
      return axes.length == 0
          ? graph.emit(op, shape, attributes, x)
          : graph.emit(op, shape, attributes, x, graph.ops.longs(axes));
    };
  }

  /** Two heads of six elements at three places. */
  private static Function<TinyGraph, Value> rotary(int interleaved, boolean positions) {
    return graph -> {
      Value x = graph.trainable(1, 3, 12);
      Map<String, Attribute> attributes =
          Map.of("interleaved", new Attribute.Int(interleaved), "num_heads", new Attribute.Int(2));
      if (!positions) {
        return graph.emit(
            "RotaryEmbedding",
            x.shape(),
            attributes,
            x,
            graph.frozen(1, 3, 3),
            graph.frozen(1, 3, 3));
      }
      Value places = graph.ops.unsqueeze(graph.ops.longs(4, 0, 4), 0);
      return graph.emit(
          "RotaryEmbedding",
          x.shape(),
          attributes,
          x,
          graph.frozen(5, 3),
          graph.frozen(5, 3),
          places);
    };
  }
}
