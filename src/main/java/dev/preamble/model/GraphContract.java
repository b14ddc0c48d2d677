package dev.preamble.model;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.runtime.ElementType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What goes into an exported graph and what comes out, as the manifest promises it: names, types
 * and shapes. The rest of the program relies on it.
 */
final class GraphContract {
  /** A size that the caller chooses. */
  private static final long OPEN = -1;

  private final Path file;
  private final Manifest manifest;

  /** An input or output: sizes are {@link #OPEN} or fixed. */
  private record Port(DataType type, List<Long> sizes) {
    Port(DataType type, long... sizes) {
      this(type, Arrays.stream(sizes).boxed().toList());
    }

    boolean fits(Value value) {
      Shape shape = value.shape();
      if (value.type() != type || shape.rank() != sizes.size()) {
        return false;
      }
      for (int axis = 0; axis < sizes.size(); axis++) {
        Shape.Dimension found = shape.at(axis);
        if (sizes.get(axis) == OPEN ? found.isFixed() : found.size() != sizes.get(axis)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public String toString() {
      return type + " " + sizes.toString().replace("-1", "any");
    }
  }

  private GraphContract(Path file, Manifest manifest) {
    this.file = file;
    this.manifest = manifest;
  }

  /**
   * Compares {@code graph}, read from {@code file}, with {@code manifest}.
   *
   * @throws ModelException if an input or output is missing, unknown, or of another type or shape
   */
  static void check(Graph graph, Manifest manifest, Path file) {
    GraphContract contract = new GraphContract(file, manifest);
    contract.check("input", graph.inputs(), contract.inputs());
    contract.check("output", graph.outputs(), contract.outputs());
  }

  private void check(String kind, List<Value> found, Map<String, Port> expected) {
    Map<String, Port> missing = new LinkedHashMap<>(expected);
    for (Value value : found) {
      Port port = missing.remove(value.name());
      if (port == null) {
        throw fault("%s %s: expected none of this name".formatted(kind, value.name()));
      }
      if (!port.fits(value)) {
        throw fault(
            "%s %s: the manifest says %s, the graph %s %s"
                .formatted(kind, value.name(), port, value.type(), value.shape()));
      }
    }
    if (!missing.isEmpty()) {
      throw fault("the graph has no %s %s".formatted(kind, missing.keySet().iterator().next()));
    }
  }

  private Map<String, Port> inputs() {
    Map<String, Port> ports = new LinkedHashMap<>();
    ports.put("inputs_embeds", new Port(DataType.FLOAT, OPEN, OPEN, manifest.hiddenSize()));
    ports.put("position_ids", new Port(DataType.INT64, OPEN, OPEN));
    ports.put("seqlens_k", new Port(DataType.INT32, OPEN));
    ports.put("total_sequence_length", new Port(DataType.INT32));
    ports.put("logit_positions", new Port(DataType.INT64, OPEN, OPEN));
    ports.putAll(cache("past_key_values."));
    return ports;
  }

  private Map<String, Port> outputs() {
    Map<String, Port> ports = new LinkedHashMap<>();
    ports.put("logits", new Port(DataType.FLOAT, OPEN, OPEN, manifest.vocabularySize()));
    ports.putAll(cache("present."));
    return ports;
  }

  private Map<String, Port> cache(String prefix) {
    Map<String, Port> ports = new LinkedHashMap<>();
    for (int layer = 0; layer < manifest.layers(); layer++) {
      Manifest.KeyValue shape = manifest.keyValue().get(layer);
      Port port = new Port(type(manifest.computes()), OPEN, shape.heads(), OPEN, shape.headSize());
      ports.put(prefix + layer + ".key", port);
      ports.put(prefix + layer + ".value", port);
    }
    return ports;
  }

  private static DataType type(ElementType computes) {
    return switch (computes) {
      case FLOAT16 -> DataType.FLOAT16;
      case BFLOAT16 -> DataType.BFLOAT16;
      default -> DataType.FLOAT;
    };
  }

  private ModelException fault(String message) {
    return new ModelException("%s: %s; export the model again".formatted(file, message));
  }
}
