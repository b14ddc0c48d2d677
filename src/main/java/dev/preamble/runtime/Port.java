package dev.preamble.runtime;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An input or output of a session.
 *
 * @param info what the graph declares
 * @param name the name as a native string, kept by the session
 */
record Port(TensorInfo info, long name) {
  /** Ports by name, in the given order. */
  static Map<String, Port> all(List<TensorInfo> infos, Arena names) {
    Map<String, Port> ports = new LinkedHashMap<>();
    for (TensorInfo info : infos) {
      ports.put(info.name(), new Port(info, names.allocateFrom(info.name()).address()));
    }
    return ports;
  }

  static Port named(String name, Map<String, Port> ports, String kind) {
    Port port = ports.get(name);
    if (port == null) {
      throw new IllegalArgumentException(
          "the graph has no " + kind + " '" + name + "'; it has " + ports.keySet());
    }
    return port;
  }

  /** Refuses a tensor that the graph's declaration excludes. */
  void requireInput(Tensor tensor) {
    tensor.requireMemory();
    if (tensor.type() != info.type() || !fits(tensor.sizes())) {
      throw new IllegalArgumentException(
          "input '"
              + info.name()
              + "' takes "
              + info.type()
              + " "
              + info.sizes()
              + ", not "
              + tensor);
    }
  }

  /** Refuses memory that the output cannot be written to. */
  void requireOutput(Tensor tensor) {
    tensor.requireMemory();
    if (tensor.type() != info.type()) {
      throw new IllegalArgumentException(
          "output '" + info.name() + "' is " + info.type() + ", not " + tensor);
    }
    if (tensor.isReadOnly()) {
      throw new IllegalArgumentException(
          "output '" + info.name() + "' cannot be written to read-only memory");
    }
  }

  /** A declaration without axes stands for a scalar or for any rank: ONNX Runtime knows which. */
  private boolean fits(long[] shape) {
    List<Long> declared = info.sizes();
    if (declared.isEmpty()) {
      return true;
    }
    if (declared.size() != shape.length) {
      return false;
    }
    for (int axis = 0; axis < shape.length; axis++) {
      long size = declared.get(axis);
      if (size >= 0 && size != shape[axis]) {
        return false;
      }
    }
    return true;
  }
}
