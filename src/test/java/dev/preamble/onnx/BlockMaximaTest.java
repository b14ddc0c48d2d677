package dev.preamble.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Blocks are equal parts, and there are none where they would save little. */
class BlockMaximaTest {
  @Test
  void blocksAreAsManyAsTheirLengthWhereTheWidthAllowsIt() {
    Map<Long, Long> blocks =
        Map.of(
            32_000L, 160L, 50_257L, 29L, 151_936L, 128L, 262_144L, 512L, 128_256L, 334L, 512L, 16L);
    blocks.forEach((width, expected) -> assertEquals(expected, BlockMaxima.blocks(width)));
  }

  @Test
  void aWidthThatNothingDividesHasNone() {
    for (long width : List.of(1L, 2L, 7L, 12L, 32_003L, 2 * 16_001L)) {
      assertEquals(0, BlockMaxima.blocks(width), "width " + width);
    }
    Graph prime = graph(32_003);
    assertSame(prime, BlockMaxima.beside(prime, "y"));
  }

  @Test
  void whatTheGraphHadStays() {
    Graph graph = graph(32_000);
    Graph more = BlockMaxima.beside(graph, "y");
    assertEquals(graph.inputs(), more.inputs());
    assertEquals(
        List.of("y", BlockMaxima.MAXIMA, BlockMaxima.SUMS),
        more.outputs().stream().map(Value::name).toList());
    assertEquals(Shape.of("batch", "n", 160), more.outputs().get(1).shape());
    assertEquals(graph.nodes(), more.nodes().subList(0, 1));
  }

  private static Graph graph(int width) {
    GraphEditor editor =
        new GraphEditor(
            new Graph(List.of(), List.of(), List.of(), Map.of(), Map.of(), Map.of("", 18L)));
    Value x = editor.input("x", DataType.FLOAT, "batch", "n", width);
    editor.input("unused", DataType.INT64);
    editor.add(new Node("", "Neg", List.of("x"), List.of("y"), Map.of()));
    return editor.finish(List.of(editor.define("y", x.type(), x.shape())), "unused");
  }
}
