package dev.preamble.onnx;

import java.util.List;
import java.util.Map;

/**
 * One operation. {@code domain} is empty for ONNX's own operators. An empty name among {@code
 * inputs} or {@code outputs} stands for an optional one that is left out.
 */
public record Node(
    String domain,
    String op,
    List<String> inputs,
    List<String> outputs,
    Map<String, Attribute> attributes) {

  /** The domain of ONNX Runtime's own operators. */
  public static final String CONTRIB = "com.microsoft";

  /** The domain of the operators that Java computes. */
  public static final String KERNELS = "dev.preamble";

  /** Copies the collections. */
  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = Map.copyOf(attributes);
  }

  /**
   * Operator with its domain, as rules are looked up: {@code MatMul}, {@code com.microsoft:Gelu}.
   */
  public String key() {
    return domain.isEmpty() ? op : domain + ":" + op;
  }

  /** Whether input {@code index} is there. */
  public boolean has(int index) {
    return index < inputs.size() && !inputs.get(index).isEmpty();
  }

  /** Name of input {@code index}. */
  public String input(int index) {
    return inputs.get(index);
  }

  /** Name of output {@code index}. */
  public String output(int index) {
    return outputs.get(index);
  }

  /** Whole-number attribute {@code name}, or {@code otherwise} when absent. */
  public long integer(String name, long otherwise) {
    return attributes.get(name) instanceof Attribute.Int(long value) ? value : otherwise;
  }

  /** Real attribute {@code name}, or {@code otherwise} when absent. */
  public float real(String name, float otherwise) {
    return attributes.get(name) instanceof Attribute.Real(float value) ? value : otherwise;
  }

  /** Text attribute {@code name}, or {@code otherwise} when absent. */
  public String text(String name, String otherwise) {
    return attributes.get(name) instanceof Attribute.Text(String value) ? value : otherwise;
  }

  /** Whole-number list {@code name}, or an empty one when absent. */
  public List<Long> integers(String name) {
    return attributes.get(name) instanceof Attribute.Ints(List<Long> values) ? values : List.of();
  }

  /** This node with other inputs. */
  public Node withInputs(List<String> others) {
    return new Node(domain, op, others, outputs, attributes);
  }

  @Override
  public String toString() {
    return key() + inputs + " -> " + outputs;
  }
}
