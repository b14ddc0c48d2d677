package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * {@code copy.onnx} is y = x over bytes. It stands as a file because this package, which runs
 * graphs, does not make any.
 */
class CopyGraphTest {
  @Test
  void theFileIsWhatTheWriterGives() {
    assertArrayEquals(GraphWriter.write(copy()), DeviceMemory.copyGraph());
  }

  static Graph copy() {
    Value x = new Value("x", DataType.UINT8, Shape.of("n"));
    Value y = new Value("y", DataType.UINT8, Shape.of("n"));
    Node node = new Node("", "Identity", List.of("x"), List.of("y"), Map.of());
    return new Graph(
        List.of(x), List.of(y), List.of(node), Map.of(), Map.of("x", x, "y", y), Map.of("", 17L));
  }
}
