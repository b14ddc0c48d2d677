package dev.preamble.onnx;

import java.util.List;
import java.util.Map;

/** Graphs for tests to build on. */
public final class Graphs {
  private Graphs() {}

  /** A graph of nothing, under construction. */
  public static GraphEditor empty() {
    return empty(Operators.STOCK);
  }

  /** A graph of nothing, to which {@code operators} are added. */
  public static GraphEditor empty(Operators operators) {
    return new GraphEditor(
        new Graph(
            List.of(), List.of(), List.of(), Map.of(), Map.of(), Map.of("", 23L, Node.CONTRIB, 1L)),
        operators);
  }
}
