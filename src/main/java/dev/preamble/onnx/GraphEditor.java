package dev.preamble.onnx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A graph under construction. Nodes may be added in any order; {@link #finish} drops what no output
 * needs and sorts the rest. Every value that a node is added for carries its type and shape.
 */
public final class GraphEditor {
  private final Map<String, Value> inputs = new LinkedHashMap<>();
  private final Map<String, Constant> constants = new LinkedHashMap<>();
  private final Map<String, Value> values = new HashMap<>();
  private final Map<String, Long> opsets = new HashMap<>();
  private final Operators operators;
  private List<Node> nodes;
  private int counter;

  /** Starts from a copy of {@code graph}, to which stock operators are added. */
  public GraphEditor(Graph graph) {
    this(graph, Operators.STOCK);
  }

  /** Starts from a copy of {@code graph}, to which {@code operators} are added. */
  public GraphEditor(Graph graph, Operators operators) {
    this.operators = operators;
    graph.inputs().forEach(value -> inputs.put(value.name(), value));
    constants.putAll(graph.constants());
    values.putAll(graph.values());
    opsets.putAll(graph.opsets());
    opsets.putIfAbsent(Node.CONTRIB, 1L);
    if (operators == Operators.KERNELS) {
      opsets.put(Node.KERNELS, 1L);
    }
    nodes = new ArrayList<>(graph.nodes());
  }

  /** What may be added. */
  public Operators operators() {
    return operators;
  }

  /** The nodes as they stand, in the order of their adding. */
  public List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /**
   * Type and shape of the value called {@code name}.
   *
   * @throws GraphException if the graph does not say
   */
  public Value value(String name) {
    Value value = values.get(name);
    if (value == null) {
      throw new GraphException(
          "Value %s: the graph gives no type and shape for it; export the model again"
              .formatted(name));
    }
    return value;
  }

  /** A new input. */
  public Value input(String name, DataType type, Object... dimensions) {
    Value value = define(name, type, Shape.of(dimensions));
    inputs.put(name, value);
    return value;
  }

  /** Adds {@code constant}, or takes the equal one that is there already. */
  public Value constant(Constant constant) {
    constants.putIfAbsent(constant.name(), constant);
    return define(constant.name(), constant.type(), constant.shape());
  }

  /** The constant called {@code name}, if it is one. */
  public Optional<Constant> constant(String name) {
    return Optional.ofNullable(constants.get(name));
  }

  /** States that the dimension called {@code symbol} is {@code dimension} wherever it stands. */
  public void bind(String symbol, Shape.Dimension dimension) {
    values.replaceAll((name, value) -> bound(value, symbol, dimension));
    inputs.replaceAll((name, value) -> bound(value, symbol, dimension));
  }

  private static Value bound(Value value, String symbol, Shape.Dimension dimension) {
    List<Shape.Dimension> dimensions = new ArrayList<>(value.shape().dimensions());
    dimensions.replaceAll(each -> each.symbol().equals(symbol) ? dimension : each);
    return new Value(value.name(), value.type(), new Shape(dimensions));
  }

  /** A name that nothing in the graph has, starting with {@code hint}. */
  public String fresh(String hint) {
    String name;
    do {
      name = hint + "~" + counter++;
    } while (values.containsKey(name));
    return name;
  }

  /** States type and shape of {@code name}, which a node added before or after gives. */
  public Value define(String name, DataType type, Shape shape) {
    Value value = new Value(name, type, shape);
    values.put(name, value);
    return value;
  }

  /** Adds a node. */
  public void add(Node node) {
    nodes.add(node);
  }

  /** Takes {@code node} away. */
  public void remove(Node node) {
    nodes.remove(node);
  }

  /** Replaces each node by what {@code change} makes of it. */
  public void rewrite(UnaryOperator<Node> change) {
    nodes.replaceAll(change);
  }

  /** Makes every node that reads {@code from} read {@code to} instead. */
  public void redirect(String from, String to) {
    rewrite(node -> reading(node, from, to));
  }

  private static Node reading(Node node, String from, String to) {
    if (!node.inputs().contains(from)) {
      return node;
    }
    return node.withInputs(
        node.inputs().stream().map(name -> name.equals(from) ? to : name).toList());
  }

  /** Producer of each value, by the value's name, as the graph stands. */
  public Map<String, Node> producers() {
    Map<String, Node> producers = new HashMap<>();
    for (Node node : nodes) {
      node.outputs().stream()
          .filter(name -> !name.isEmpty())
          .forEach(name -> producers.put(name, node));
    }
    return producers;
  }

  /**
   * The graph with {@code outputs}: nodes, constants and inputs that none of them needs are left
   * out, except the inputs listed in {@code kept}.
   *
   * @throws GraphException if a node reads a value that nothing gives, or nodes form a cycle
   */
  public Graph finish(List<Value> outputs, String... kept) {
    List<Node> sorted = sort(outputs);
    Set<String> read = new HashSet<>(List.of(kept));
    outputs.forEach(value -> read.add(value.name()));
    sorted.forEach(node -> read.addAll(node.inputs()));
    Map<String, Constant> usedConstants = new LinkedHashMap<>(constants);
    usedConstants.keySet().retainAll(read);
    List<Value> usedInputs =
        inputs.values().stream().filter(value -> read.contains(value.name())).toList();
    Map<String, Value> known = new HashMap<>(values);
    Set<String> present = new HashSet<>(read);
    sorted.forEach(node -> present.addAll(node.outputs()));
    known.keySet().retainAll(present);
    return new Graph(usedInputs, outputs, sorted, usedConstants, known, opsets);
  }

  private List<Node> sort(List<Value> outputs) {
    Map<String, Node> producers = producers();
    Set<Node> done = new HashSet<>();
    Set<Node> open = new HashSet<>();
    List<Node> sorted = new ArrayList<>();
    Deque<Node> stack = new ArrayDeque<>();
    for (Value output : outputs) {
      push(output.name(), "the graph's output", producers, done, stack);
      while (!stack.isEmpty()) {
        Node node = stack.peek();
        if (done.contains(node)) {
          stack.pop();
        } else if (open.add(node)) {
          for (String input : node.inputs().reversed()) {
            push(input, node.toString(), producers, done, stack);
          }
          if (node.inputs().stream().anyMatch(node.outputs()::contains)) {
            throw new GraphException("Node " + node + " reads its own output");
          }
        } else {
          stack.pop();
          done.add(node);
          sorted.add(node);
        }
      }
    }
    checkOrder(sorted);
    return sorted;
  }

  private void push(
      String name, String reader, Map<String, Node> producers, Set<Node> done, Deque<Node> stack) {
    Node producer = producers.get(name);
    if (producer != null) {
      if (!done.contains(producer)) {
        stack.push(producer);
      }
    } else if (!name.isEmpty() && !constants.containsKey(name) && !inputs.containsKey(name)) {
      throw new GraphException("Value %s, read by %s: nothing gives it".formatted(name, reader));
    }
  }

  private void checkOrder(List<Node> sorted) {
    Set<String> given = new HashSet<>(constants.keySet());
    given.addAll(inputs.keySet());
    given.add("");
    for (Node node : sorted) {
      if (!given.containsAll(node.inputs())) {
        throw new GraphException("Node " + node + " is part of a cycle");
      }
      given.addAll(node.outputs());
    }
  }
}
