package dev.preamble.training;

import dev.preamble.model.EmbeddingTable;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Rows one after the other behind one prompt, without padding: the inputs of a {@link PackedGraph},
 * those that depend on the prompt's values excepted.
 */
final class PackedBatch implements AutoCloseable {
  /** Which of a row's positions are asked for logits. */
  enum Wanted {
    /** The position before each completion token: what training learns from. */
    COMPLETION,
    /** The position before the completion's first token: where a label word is chosen. */
    ANSWER
  }

  private final Map<String, Tensor> inputs = new HashMap<>();
  private final int labels;

  /**
   * @param rows at least one
   * @param virtualTokens rows of the prompt, possibly none
   */
  PackedBatch(List<Example> rows, int virtualTokens, EmbeddingTable embeddings, Wanted wanted) {
    int tokens = 0;
    int longest = 0;
    int positionsWanted = 0;
    for (Example row : rows) {
      int length = length(row, wanted);
      tokens = Math.addExact(tokens, length);
      longest = Math.max(longest, length);
      positionsWanted += wanted == Wanted.COMPLETION ? row.completion().length : 1;
    }
    labels = positionsWanted;
    Tensor text = add(PackedGraph.TEXT, ElementType.FLOAT32, tokens, embeddings.width());
    Tensor positions = add(PackedGraph.POSITIONS, ElementType.INT64, 1, virtualTokens + tokens);
    Tensor slots = add(PackedGraph.SLOTS, ElementType.INT64, rows.size(), longest);
    Tensor slotOf = add(PackedGraph.SLOT_OF, ElementType.INT64, tokens);
    Tensor labelPositions = add(PackedGraph.LABEL_POSITIONS, ElementType.INT64, labels);
    Tensor labelIds = add(PackedGraph.LABELS, ElementType.INT64, labels);
    Tensor weights = add(PackedGraph.LABEL_WEIGHTS, ElementType.FLOAT32, labels);

    for (int i = 0; i < virtualTokens; i++) {
      set(positions, i, i);
    }
    int token = 0;
    int label = 0;
    for (int row = 0; row < rows.size(); row++) {
      Example example = rows.get(row);
      int length = length(example, wanted);
      int promptLength = example.prompt().length;
      embeddings.copy(example.prompt(), 0, promptLength, text.data(), token);
      embeddings.copy(
          example.completion(), 0, length - promptLength, text.data(), token + promptLength);
      for (int i = 0; i < longest; i++) {
        set(slots, (long) row * longest + i, i < length ? token + i : -1);
      }
      for (int i = 0; i < length; i++) {
        set(slotOf, token + i, (long) row * longest + i);
        set(positions, virtualTokens + token + i, virtualTokens + i);
      }
      int asked = wanted == Wanted.COMPLETION ? example.completion().length : 1;
      for (int i = 0; i < asked; i++) {
        int inRow = promptLength + i - 1;
        int before = inRow < 0 ? virtualTokens - 1 : virtualTokens + token + inRow;
        if (before < 0) {
          throw new TrainingException(
              "a row's first token can be predicted from virtual tokens only, and there are none");
        }
        set(labelPositions, label, before);
        set(labelIds, label, example.completion()[i]);
        weights.data().setAtIndex(ValueLayout.JAVA_FLOAT, label, 1f / labels);
        label++;
      }
      token += length;
    }
  }

  /** The inputs by name. */
  Map<String, Tensor> inputs() {
    return inputs;
  }

  /** Positions whose logits are asked for. */
  int labels() {
    return labels;
  }

  /** The last completion token is never fed: nothing is predicted from it. */
  private static int length(Example row, Wanted wanted) {
    int length =
        wanted == Wanted.COMPLETION
            ? row.prompt().length + row.completion().length - 1
            : row.prompt().length;
    if (length == 0) {
      throw new TrainingException("a row of data without any text before its label");
    }
    return length;
  }

  private Tensor add(String name, ElementType type, long... shape) {
    Tensor tensor = Tensor.allocate(type, shape);
    inputs.put(name, tensor);
    return tensor;
  }

  private static void set(Tensor tensor, long index, long value) {
    tensor.data().setAtIndex(ValueLayout.JAVA_LONG, index, value);
  }

  @Override
  public void close() {
    inputs.values().forEach(Tensor::close);
  }
}
