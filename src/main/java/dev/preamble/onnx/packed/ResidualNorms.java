package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sums that a layer norm reads, such as a residual connection's, and that norm: one kernel gives
 * both. Norms by the root of the mean square stay, as ONNX Runtime is as fast at them.
 */
final class ResidualNorms {
  /** Terms that the kernel adds up. */
  private static final int MOST_TERMS = 4;

  private static final float DEFAULT_EPSILON = 1e-5f;

  private final GraphEditor editor;
  private final Map<String, Node> producers;
  private final Map<String, Integer> readers = new HashMap<>();

  private ResidualNorms(GraphEditor editor) {
    this.editor = editor;
    producers = editor.producers();
    editor.nodes().stream()
        .flatMap(node -> node.inputs().stream())
        .forEach(name -> readers.merge(name, 1, Integer::sum));
  }

  /** Makes one node of each sum and its norm, where the graph may have kernels. */
  static void fuse(GraphEditor editor) {
    if (editor.operators() == Operators.KERNELS) {
      ResidualNorms norms = new ResidualNorms(editor);
      editor.nodes().forEach(norms::fuse);
    }
  }

  private void fuse(Node norm) {
    if (!norm.key().equals("LayerNormalization")) {
      return;
    }
    Value x = editor.value(norm.input(0));
    List<Node> sums = new ArrayList<>();
    List<Value> terms = terms(x, sums);
    if (fits(norm, x) && !sums.isEmpty()) {
      producers.remove(x.name());
      sums.forEach(editor::remove);
      editor.remove(norm);
      editor.add(kernel(norm, x, terms));
    }
  }

  /** The kernel gives all by the names that it had. */
  private Node kernel(Node norm, Value x, List<Value> terms) {
    Ops ops = new Ops(editor);
    List<String> inputs = new ArrayList<>();
    inputs.add(terms.get(0).name());
    inputs.add(terms.get(1).name());
    inputs.add(norm.input(1));
    inputs.add(ops.real(norm.real("epsilon", DEFAULT_EPSILON)).name());
    inputs.add(norm.has(2) ? norm.input(2) : "");
    terms.stream().skip(2).map(Value::name).forEach(inputs::add);
    List<String> outputs =
        List.of(x.name(), norm.output(0), perRow(norm, 2, x), perRow(norm, 1, x));
    return new Node(Node.KERNELS, "SumLayerNormalisation", inputs, outputs, Map.of());
  }

  /** Output {@code index} of {@code norm}, or a new value that nothing reads. */
  private String perRow(Node norm, int index, Value x) {
    return norm.outputs().size() > index && !norm.output(index).isEmpty()
        ? norm.output(index)
        : editor
            .define(
                editor.fresh("perRow"), DataType.FLOAT, x.shape().with(-1, Shape.Dimension.of(1)))
            .name();
  }

  /** Whether the norm is of float32 and over the last dimension, with a gain for each element. */
  private boolean fits(Node norm, Value x) {
    long axis = norm.integer("axis", -1);
    Shape row = Shape.of(x.shape().at(-1));
    return (axis == -1 || axis == x.shape().rank() - 1)
        && x.type() == DataType.FLOAT
        && norm.inputs().stream()
            .skip(1)
            .map(editor::value)
            .allMatch(each -> each.type() == DataType.FLOAT && each.shape().equals(row));
  }

  /**
   * What {@code x} is the sum of: at most {@link #MOST_TERMS} values of its shape or of a row of
   * it. The first is of its shape and, if one is, read by nothing else.
   *
   * @param sums takes the nodes that add them up, and so {@code x}
   */
  private List<Value> terms(Value x, List<Node> sums) {
    Deque<Value> open = new ArrayDeque<>(List.of(x));
    List<Value> terms = new ArrayList<>();
    while (!open.isEmpty()) {
      Value term = open.pop();
      Node sum = producers.get(term.name());
      boolean further =
          sum != null
              && sum.key().equals("Add")
              && (term == x || isReadOnce(term))
              && terms.size() + open.size() + 2 <= MOST_TERMS
              && sum.inputs().stream().allMatch(name -> isTerm(editor.value(name), x.shape()));
      if (further) {
        sums.add(sum);
        sum.inputs().forEach(name -> open.add(editor.value(name)));
      } else {
        terms.add(term);
      }
    }
    terms.sort(
        Comparator.comparing((Value term) -> !term.shape().equals(x.shape()))
            .thenComparing(term -> !isReadOnce(term)));
    return terms;
  }

  private boolean isReadOnce(Value value) {
    return readers.get(value.name()) == 1;
  }

  private static boolean isTerm(Value value, Shape shape) {
    return value.shape().equals(shape) || value.shape().equals(Shape.of(shape.at(-1)));
  }
}
