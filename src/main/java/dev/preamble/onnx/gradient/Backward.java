package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.QuantisedWeight;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The gradients gathered so far while a graph is walked from its loss to its trainable inputs. */
public final class Backward {
  /**
   * Elements {@code from} to {@code to} (exclusive) along {@code axis} of some value's gradient.
   */
  private record Part(int axis, long from, long to, Value gradient) {}

  private final GraphEditor editor;
  private final Ops ops;
  private final Set<String> active;
  private final Map<String, Node> producers;
  private final Map<String, List<Value>> wholes = new HashMap<>();
  private final Map<String, List<Part>> parts = new HashMap<>();
  private final Optional<LeadingRows> leading;
  private boolean onLeadingRows;

  /**
   * @param active values that depend on something trainable
   * @param leading those of them whose first rows alone do
   */
  Backward(GraphEditor editor, Set<String> active, Optional<LeadingRows> leading) {
    this.editor = editor;
    this.ops = new Ops(editor);
    this.active = active;
    this.producers = editor.producers();
    this.leading = leading;
  }

  /** From here on {@code node} is differentiated. */
  void enter(Node node) {
    onLeadingRows = node.outputs().stream().anyMatch(this::hasLeadingRowsAlone);
  }

  /** Whether gradients of {@code value} have its leading rows alone. */
  public boolean hasLeadingRowsAlone(Value value) {
    return hasLeadingRowsAlone(value.name());
  }

  private boolean hasLeadingRowsAlone(String name) {
    return leading.filter(each -> each.contains(name)).isPresent();
  }

  /** The rows of {@code value} that the node at hand is differentiated for. */
  private Value rows(Value value) {
    return onLeadingRows ? leading.orElseThrow().of(value) : value;
  }

  /** For emitting the backward's operations. */
  public Ops ops() {
    return ops;
  }

  /** Input {@code index} of {@code node}, in the rows that have a gradient. */
  public Value input(Node node, int index) {
    return rows(editor.value(node.input(index)));
  }

  /** Output {@code index} of {@code node}, in the rows that have a gradient. */
  public Value output(Node node, int index) {
    return rows(editor.value(node.output(index)));
  }

  /** The constant that input {@code index} of {@code node} is, as int64 values. */
  public long[] constantLongs(Node node, int index) {
    return constant(node, index).longs();
  }

  /** The constant that input {@code index} of {@code node} is, as one float. */
  public float constantFloat(Node node, int index) {
    return constant(node, index).singleFloat();
  }

  private Constant constant(Node node, int index) {
    return editor
        .constant(node.input(index))
        .orElseThrow(
            () ->
                new GraphException(
                    "Node %s: its gradient needs input %d to be a constant"
                        .formatted(node, index)));
  }

  /** The weight of the quantised product {@code node} in real numbers, for this pass alone. */
  public Value dequantised(Node node) {
    return new QuantisedWeight(editor, node).values("backward");
  }

  /**
   * Has {@code node} give more float32 outputs behind its first, each a number a row.
   *
   * @return these, in the rows that have a gradient
   */
  public List<Value> ask(Node node, String... hints) {
    Shape shape = editor.value(node.input(0)).shape().with(-1, Shape.Dimension.of(1));
    List<Value> more =
        Stream.of(hints)
            .map(hint -> editor.define(editor.fresh(hint), DataType.FLOAT, shape))
            .toList();
    List<String> outputs = new ArrayList<>(List.of(node.output(0)));
    more.forEach(value -> outputs.add(value.name()));
    Node other = new Node(node.domain(), node.op(), node.inputs(), outputs, node.attributes());
    editor.rewrite(each -> each.equals(node) ? other : each);
    return more.stream().map(this::rows).toList();
  }

  /** The node of the forward graph that gives {@code name}, unless it is an input or constant. */
  Optional<Node> producer(String name) {
    return Optional.ofNullable(producers.get(name));
  }

  /** Whether a gradient with respect to input {@code index} of {@code node} is wanted. */
  public boolean wants(Node node, int index) {
    return node.has(index) && active.contains(node.input(index));
  }

  /** Refuses a node that a trainable value enters by input {@code index}. */
  void requireFrozen(Node node, int index) {
    if (wants(node, index)) {
      throw new GraphException(
          "Node %s: there is no gradient with respect to input %d, which must be frozen"
              .formatted(node, index));
    }
  }

  /** Whether a gradient with respect to {@code value} is wanted. */
  public boolean wants(Value value) {
    return wantsNamed(value.name());
  }

  boolean wantsNamed(String name) {
    return active.contains(name);
  }

  /** Adds {@code gradient} to what flows to input {@code index} of {@code node}, if wanted. */
  public void give(Node node, int index, Value gradient) {
    if (wants(node, index)) {
      give(editor.value(node.input(index)), gradient);
    }
  }

  /**
   * Adds {@code gradient} to what flows to {@code value}. Where {@code value} was broadcast, the
   * gradient is summed back to its shape.
   */
  public void give(Value value, Value gradient) {
    Value summed = sumToShape(wanted(value.name(), gradient), value.shape());
    wholes.computeIfAbsent(value.name(), name -> new ArrayList<>()).add(summed);
  }

  /** The rows of {@code gradient} that gradients of the value {@code name} have. */
  private Value wanted(String name, Value gradient) {
    return hasLeadingRowsAlone(name) ? leading.orElseThrow().of(gradient) : gradient;
  }

  /** As {@link #give} for a slice of input {@code index}: the rest of it gets nothing from here. */
  public void givePart(Node node, int index, int axis, long from, long to, Value gradient) {
    parts
        .computeIfAbsent(node.input(index), name -> new ArrayList<>())
        .add(new Part(axis, from, to, wanted(node.input(index), gradient)));
  }

  /** The sum of all that flowed to {@code name}, if anything did. */
  Optional<Value> total(String name) {
    return terms(name).stream().reduce(ops::add);
  }

  /** What the gradient of output {@code index} of {@code node} is the sum of. */
  List<Value> terms(Node node, int index) {
    return terms(node.output(index));
  }

  private List<Value> terms(String name) {
    List<Value> terms = new ArrayList<>(wholes.getOrDefault(name, List.of()));
    List<Part> slices = parts.getOrDefault(name, List.of());
    if (!slices.isEmpty()) {
      terms.addAll(joined(editor.value(name), slices));
    }
    return terms;
  }

  /**
   * Takes away, of what has flowed to input {@code index} of {@code node} so far, at most {@code
   * most} values of {@code shape}, for a rule that counts them in what it gives.
   */
  List<Value> take(Node node, int index, Shape shape, int most) {
    List<Value> flowed = wholes.computeIfAbsent(node.input(index), name -> new ArrayList<>());
    List<Value> taken =
        flowed.stream().filter(each -> each.shape().equals(shape)).limit(most).toList();
    taken.forEach(flowed::remove);
    return taken;
  }

  /** Slices that cover the value without overlap become one concatenation, others are padded. */
  private List<Value> joined(Value value, List<Part> slices) {
    int axis = slices.getFirst().axis();
    List<Part> sorted = slices.stream().sorted(Comparator.comparingLong(Part::from)).toList();
    long reached = 0;
    for (Part part : sorted) {
      reached = part.axis() == axis && part.from() == reached ? part.to() : -1;
    }
    if (reached == value.shape().at(axis).size()) {
      return List.of(ops.concat(axis, sorted.stream().map(Part::gradient).toArray(Value[]::new)));
    }
    return slices.stream().map(part -> padded(value, part)).toList();
  }

  /** The part with zeros around it: a full-rank Pad, the only form that optimisers keep intact. */
  private Value padded(Value value, Part part) {
    int rank = value.shape().rank();
    long[] pads = new long[2 * rank];
    pads[part.axis()] = part.from();
    pads[rank + part.axis()] = value.shape().at(part.axis()).size() - part.to();
    Shape shape = part.gradient().shape().with(part.axis(), value.shape().at(part.axis()));
    return ops.emit("", "Pad", value.type(), shape, Map.of(), part.gradient(), ops.longs(pads));
  }

  private Value sumToShape(Value gradient, Shape shape) {
    int extra = gradient.shape().rank() - shape.rank();
    List<Long> summed = new ArrayList<>();
    for (int axis = 0; axis < gradient.shape().rank(); axis++) {
      boolean widened =
          axis < extra || (shape.at(axis - extra).isOne() && !gradient.shape().at(axis).isOne());
      if (widened) {
        summed.add((long) axis);
      }
    }
    if (summed.isEmpty()) {
      return gradient;
    }
    Value kept = gradient;
    for (long axis : summed) {
      kept = ops.sum(kept, (int) axis);
    }
    if (extra == 0) {
      return kept;
    }
    long[] leading = java.util.stream.LongStream.range(0, extra).toArray();
    return ops.emit("", "Squeeze", kept.type(), shape, Map.of(), kept, ops.longs(leading));
  }
}
