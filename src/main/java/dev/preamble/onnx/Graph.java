package dev.preamble.onnx;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's graph: nodes in an order in which each reads only what stands before it.
 *
 * @param inputs what the caller feeds
 * @param outputs what the caller gets
 * @param nodes the operations, in topological order
 * @param constants the weights and small constants, by name
 * @param values type and shape of every input, output and intermediate that is known, by name
 * @param opsets operator set version by domain; the empty domain is ONNX's own
 */
public record Graph(
    List<Value> inputs,
    List<Value> outputs,
    List<Node> nodes,
    Map<String, Constant> constants,
    Map<String, Value> values,
    Map<String, Long> opsets) {

  /** Copies the collections. */
  public Graph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
    constants = Map.copyOf(constants);
    values = Map.copyOf(values);
    opsets = Map.copyOf(opsets);
  }

  /** The input called {@code name}. */
  public Optional<Value> input(String name) {
    return inputs.stream().filter(value -> value.name().equals(name)).findFirst();
  }

  /** The nodes of operator {@code key} (see {@link Node#key}), in order. */
  public List<Node> nodesOf(String key) {
    return nodes.stream().filter(node -> node.key().equals(key)).toList();
  }
}
