package dev.preamble.onnx.packed;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.List;

/**
 * What stands in front of every row of a packed batch, as the operations of a graph give it.
 *
 * @param kind how it enters the model
 * @param values float [P, width]: P virtual tokens, the width being that of {@code kind}
 * @param trainable the graph's inputs that a gradient is wanted of, none for scoring
 */
public record PackedEntry(Kind kind, Value values, List<Value> trainable) {
  /** The two ways in which an adapter enters a model. */
  public enum Kind {
    /** Rows [P, hidden size] that pass through the model in front of the text. */
    ROWS,
    /**
     * Keys and values of every layer [P, layers * 2 * heads * head size], a row being the keys of
     * layer 0, the values of layer 0, the keys of layer 1 and so on, as PEFT lays them out.
     */
    PREFIX;

    /** Places of the packed sequence that {@code virtualTokens} take. */
    public int packed(int virtualTokens) {
      return this == ROWS ? virtualTokens : 0;
    }
  }

  /** Adds to a graph the inputs and operations that give an entry. */
  @FunctionalInterface
  public interface Source {
    /** The entry, as values of {@code editor}. */
    PackedEntry build(GraphEditor editor);
  }

  /** Copies the list. */
  public PackedEntry {
    trainable = List.copyOf(trainable);
  }

  /** The entry that is fed as it is, as the input {@link PackedGraph#PROMPT} [P, width]. */
  public static Source given(Kind kind, long width) {
    return editor ->
        new PackedEntry(
            kind,
            editor.input(PackedGraph.PROMPT, DataType.FLOAT, PackedLayout.P, width),
            List.of());
  }

  /** This entry with the first dimension called P, as the rest of the graph calls it. */
  PackedEntry countedByP(GraphEditor editor) {
    Shape shape = Shape.of(PackedLayout.P, values.shape().at(1));
    return new PackedEntry(kind, editor.define(values.name(), values.type(), shape), trainable);
  }
}
