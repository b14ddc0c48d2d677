package dev.preamble.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Gives a graph, beside an output that is searched for its highest elements, the highest of each
 * block of it. The threads that computed the output find them while it lies in their caches, so
 * that whoever searches reads the blocks' maxima and one block instead of all. Where an element is
 * no number a maximum may be anything; the blocks' sums tell: they are finite only of blocks whose
 * elements all are.
 */
public final class BlockMaxima {
  /** Output of the maxima, float [.., blocks]. */
  public static final String MAXIMA = "block_maxima";

  /** Output of the sums, float [.., blocks]. */
  public static final String SUMS = "block_sums";

  /** How many times fewer elements must be read than there are, for blocks to be worth it. */
  private static final int WORTH = 4;

  private BlockMaxima() {}

  /**
   * The graph with outputs {@link #MAXIMA} and {@link #SUMS} of {@code output}, float [batch, n,
   * width], or as it is where no number of equal blocks is worth it.
   */
  public static Graph beside(Graph graph, String output) {
    GraphEditor editor = new GraphEditor(graph);
    Value elements = editor.value(output);
    long width = elements.shape().at(-1).size();
    long blocks = blocks(width);
    if (blocks == 0) {
      return graph;
    }
    Ops ops = new Ops(editor);
    Shape.Dimension batch = elements.shape().at(0);
    Shape.Dimension rows = elements.shape().at(1);
    Shape blocked = Shape.of(batch, rows, blocks, width / blocks);
    Value inBlocks = ops.reshape(elements, blocked, 0, 0, blocks, width / blocks);
    List<Value> outputs = new ArrayList<>(graph.outputs());
    outputs.add(reduced(editor, "ReduceMax", inBlocks, MAXIMA));
    outputs.add(reduced(editor, "ReduceSum", inBlocks, SUMS));
    return editor.finish(outputs, graph.inputs().stream().map(Value::name).toArray(String[]::new));
  }

  /** Reduces each block to one element. (Of no rows, ONNX Runtime reduces no negative axis.) */
  private static Value reduced(GraphEditor editor, String op, Value blocks, String name) {
    int last = blocks.shape().rank() - 1;
    Value axes = new Ops(editor).longs(last);
    Map<String, Attribute> attributes = Map.of("keepdims", new Attribute.Int(0));
    editor.add(new Node("", op, List.of(blocks.name(), axes.name()), List.of(name), attributes));
    Shape shape = new Shape(blocks.shape().dimensions().subList(0, last));
    return editor.define(name, blocks.type(), shape);
  }

  /**
   * The number of equal blocks of {@code width} elements for which the fewest are read: one of each
   * block and all of one; 0 if they are not many fewer than all.
   */
  static long blocks(long width) {
    long best = 0;
    for (long side = 1; side * side <= width; side++) {
      if (width % side == 0) {
        best = side;
      }
    }
    return best > 0 && WORTH * (best + width / best) <= width ? best : 0;
  }
}
