package dev.preamble.runtime;

import java.util.List;

/**
 * What a graph declares of one of its inputs or outputs.
 *
 * @param name the name in the graph
 * @param type the type of the elements
 * @param sizes one entry an axis, -1 for a dynamic one; empty for a scalar and for undeclared rank
 * @param symbols one entry an axis: the name of a dynamic axis, empty where there is none
 */
public record TensorInfo(String name, ElementType type, List<Long> sizes, List<String> symbols) {
  /** Takes copies of the lists. */
  public TensorInfo {
    sizes = List.copyOf(sizes);
    symbols = List.copyOf(symbols);
  }

  /** The sizes as an array, -1 for each dynamic axis. */
  public long[] shape() {
    return sizes.stream().mapToLong(Long::longValue).toArray();
  }

  @Override
  public String toString() {
    return name + ": " + type + " " + sizes;
  }
}
