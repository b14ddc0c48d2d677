package dev.preamble.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfPrecisionTest {
  private static final Shape ROW = Shape.of("n", 2);

  /** {@code y = float(half(x) * w + c)}, the weight w in a file, the constant c in the graph. */
  private static Graph graph(DataType half, byte[] two) {
    Map<String, Value> values = new HashMap<>();
    for (String name : List.of("x16", "product", "sum", "cache")) {
      values.put(name, new Value(name, half, ROW));
    }
    values.put("x", new Value("x", DataType.FLOAT, ROW));
    values.put("y", new Value("y", DataType.FLOAT, ROW));
    Constant weight =
        new Constant("w", half, List.of(2L), new Constant.External("model.safetensors", 8, 4));
    Constant constant = new Constant("c", half, List.of(), new Constant.Inline(two));
    return new Graph(
        List.of(values.get("x"), values.get("cache")),
        List.of(values.get("y")),
        List.of(
            cast("x", "x16", half),
            node("Mul", "product", "x16", "w"),
            node("Add", "sum", "product", "c"),
            cast("sum", "y", DataType.FLOAT)),
        Map.of("w", weight, "c", constant),
        values,
        Map.of("", 23L));
  }

  private static Node node(String op, String output, String... inputs) {
    return new Node("", op, List.of(inputs), List.of(output), Map.of());
  }

  private static Node cast(String from, String to, DataType type) {
    return new Node(
        "", "Cast", List.of(from), List.of(to), Map.of("to", new Attribute.Int(type.code())));
  }

  @ParameterizedTest
  @CsvSource({"FLOAT16, 0x40", "BFLOAT16, 0x40"})
  void everythingButTheStoredWeightBecomesFloat32(DataType half, byte upper) {
    Graph wide = HalfPrecision.widened(graph(half, new byte[] {0, upper}));
    assertEquals(
        List.of(
            cast("w", "w/float32", DataType.FLOAT),
            node("Mul", "product", "x", "w/float32"),
            node("Add", "sum", "product", "c"),
            cast("sum", "y", DataType.FLOAT)),
        wide.nodes());
    assertEquals(2, wide.constants().get("c").singleFloat());
    assertEquals(half, wide.constants().get("w").type());
    assertEquals(half, wide.values().get("w").type());
    assertEquals(List.of(DataType.FLOAT), wide.outputs().stream().map(Value::type).toList());
    for (String name : List.of("x", "cache", "product", "sum", "w/float32")) {
      assertEquals(DataType.FLOAT, wide.values().get(name).type(), name);
    }
    assertEquals(DataType.FLOAT, wide.input("cache").orElseThrow().type());
  }

  @Test
  void aGraphWithoutHalfPrecisionStaysAsItIs() {
    Graph graph = HalfPrecision.widened(graph(DataType.FLOAT16, new byte[] {0, 0x40}));
    assertSame(graph, HalfPrecision.widened(graph));
  }
}
