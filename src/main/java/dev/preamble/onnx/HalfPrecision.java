package dev.preamble.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Makes graphs that compute in half precision, float16 or bfloat16, compute in float32. */
public final class HalfPrecision {
  private final Graph graph;
  private final Set<String> outputs;
  private final Map<String, Constant> constants;
  private final Map<String, Value> values;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, String> renamed = new HashMap<>();

  private HalfPrecision(Graph graph) {
    this.graph = graph;
    this.outputs = graph.outputs().stream().map(Value::name).collect(Collectors.toSet());
    this.constants = new LinkedHashMap<>(graph.constants());
    this.values = new HashMap<>(graph.values());
  }

  /**
   * The graph with every value of half precision in float32, inputs and outputs among them; weights
   * outside the graph stay as they are, with a Cast behind each. A graph whose inputs are all in
   * float32 or whole numbers is returned as it is.
   */
  public static Graph widened(Graph graph) {
    return graph.inputs().stream().anyMatch(input -> isHalf(input.type()))
        ? new HalfPrecision(graph).widen()
        : graph;
  }

  private Graph widen() {
    values.replaceAll((name, value) -> widened(value));
    graph.constants().values().stream()
        .filter(constant -> isHalf(constant.type()))
        .forEach(this::widen);
    graph.nodes().forEach(this::widen);
    return new Graph(
        graph.inputs().stream().map(HalfPrecision::widened).toList(),
        graph.outputs().stream().map(HalfPrecision::widened).toList(),
        nodes,
        constants,
        values,
        graph.opsets());
  }

  private void widen(Constant constant) {
    String name = constant.name();
    if (constant.data() instanceof Constant.Inline(byte[] bytes)) {
      Constant wide =
          new Constant(
              name,
              DataType.FLOAT,
              constant.dimensions(),
              new Constant.Inline(floats(bytes, constant.type())));
      constants.put(name, wide);
      return;
    }
    String cast = name + "/float32";
    values.put(name, new Value(name, constant.type(), constant.shape()));
    values.put(cast, new Value(cast, DataType.FLOAT, constant.shape()));
    nodes.add(cast(name, cast));
    renamed.put(name, cast);
  }

  /** Takes a node over; one that only turned float32 to half precision or back is left out. */
  private void widen(Node node) {
    Node read =
        node.withInputs(
            node.inputs().stream().map(name -> renamed.getOrDefault(name, name)).toList());
    boolean toFloat = node.key().equals("Cast") && isFloat(DataType.ofCode(to(node)));
    if (!toFloat) {
      nodes.add(read);
    } else if (isFloat(typeOf(node.input(0))) && !outputs.contains(node.output(0))) {
      renamed.put(node.output(0), read.input(0));
      values.remove(node.output(0));
    } else {
      nodes.add(cast(read.input(0), node.output(0)));
    }
  }

  private DataType typeOf(String name) {
    Constant constant = graph.constants().get(name);
    if (constant != null) {
      return constant.type();
    }
    Value value = graph.values().get(name);
    if (value == null) {
      throw new GraphException(
          "Value %s: the graph gives no type for it; export the model again".formatted(name));
    }
    return value.type();
  }

  private static int to(Node node) {
    return Math.toIntExact(node.integer("to", 0));
  }

  private static Node cast(String from, String to) {
    return new Node(
        "",
        "Cast",
        List.of(from),
        List.of(to),
        Map.of("to", new Attribute.Int(DataType.FLOAT.code())));
  }

  private static Value widened(Value value) {
    return isHalf(value.type()) ? new Value(value.name(), DataType.FLOAT, value.shape()) : value;
  }

  private static boolean isHalf(DataType type) {
    return type == DataType.FLOAT16 || type == DataType.BFLOAT16;
  }

  private static boolean isFloat(DataType type) {
    return type == DataType.FLOAT || isHalf(type);
  }

  private static byte[] floats(byte[] halves, DataType type) {
    ByteBuffer from = ByteBuffer.wrap(halves).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer to = ByteBuffer.allocate(2 * halves.length).order(ByteOrder.LITTLE_ENDIAN);
    while (from.hasRemaining()) {
      short bits = from.getShort();
      to.putFloat(
          type == DataType.FLOAT16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16));
    }
    return to.array();
  }
}
