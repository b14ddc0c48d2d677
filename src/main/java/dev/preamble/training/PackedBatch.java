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

  /**
   * @param rows at least one
   * @param front what stands in front of each
   * @param ofMean labels over which the loss is the mean: those of these rows, or of more batches
   *     together with them
   */
  PackedBatch(
      List<Example> rows, Front front, int ofMean, EmbeddingTable embeddings, Wanted wanted) {
    int tokens = 0;
    int longest = 0;
    for (Example row : rows) {
      int length = length(row, wanted);
      tokens = Math.addExact(tokens, length);
      longest = Math.max(longest, length);
    }
    int before = front.packed();
    Tensor text = add(PackedGraph.TEXT, ElementType.FLOAT32, tokens, embeddings.width());
    Tensor positions = add(PackedGraph.POSITIONS, ElementType.INT64, 1, before + tokens);
    Tensor slots = add(PackedGraph.SLOTS, ElementType.INT64, rows.size(), longest);
    Tensor slotOf = add(PackedGraph.SLOT_OF, ElementType.INT64, tokens);
    for (int i = 0; i < before; i++) {
      set(positions, i, i);
    }
    int token = 0;
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
        set(positions, before + token + i, front.virtualTokens() + i);
      }
      token += length;
    }
    addLabels(rows, front, ofMean, wanted);
  }

  private void addLabels(List<Example> rows, Front front, int ofMean, Wanted wanted) {
    int ofPrompt = front.labels().count();
    int labels = labels(rows, front, wanted) - (rows.size() - 1) * ofPrompt;
    if (labels == 0) {
      throw new TrainingException(
          "rows of one token each: behind a prefix the first token of a row is not predicted, so nothing is left to learn");
    }
    Tensor positions = add(PackedGraph.LABEL_POSITIONS, ElementType.INT64, labels);
    Tensor ids = add(PackedGraph.LABELS, ElementType.INT64, labels);
    Tensor weights = add(PackedGraph.LABEL_WEIGHTS, ElementType.FLOAT32, labels);
    int label = 0;
    for (int i = 0; i < ofPrompt; i++, label++) {
      set(positions, label, front.labels().positions()[i] - 1);
      set(ids, label, front.labels().tokens()[i]);
      float weight = rows.size() * front.labels().weights()[i] / ofMean;
      weights.data().setAtIndex(ValueLayout.JAVA_FLOAT, label, weight);
    }
    int token = 0;
    for (Example example : rows) {
      int promptLength = example.prompt().length;
      int asked = wanted == Wanted.COMPLETION ? example.completion().length : 1;
      for (int i = firstAsked(example, front); i < asked; i++) {
        if (example.given().get(i)) {
          continue;
        }
        int inRow = promptLength + i - 1;
        int predictor = inRow < 0 ? front.virtualTokens() - 1 : front.packed() + token + inRow;
        set(positions, label, predictor);
        set(ids, label, example.completion()[i]);
        weights.data().setAtIndex(ValueLayout.JAVA_FLOAT, label, 1f / ofMean);
        label++;
      }
      token += length(example, wanted);
    }
  }

  /**
   * Labels of {@code rows}, those of the virtual tokens counted with each row: what the loss is the
   * mean over.
   */
  static int labels(List<Example> rows, Front front, Wanted wanted) {
    int labels = Math.multiplyExact(rows.size(), front.labels().count());
    for (Example row : rows) {
      int asked = wanted == Wanted.COMPLETION ? row.labels() : 1;
      boolean skipped = firstAsked(row, front) == 1 && !row.given().get(0);
      labels = Math.addExact(labels, skipped ? asked - 1 : asked);
    }
    return labels;
  }

  /**
   * The first token of a completion that is predicted. A row's very first token is predicted from
   * the last virtual token; a prefix has no states to predict from, and PEFT leaves it out.
   */
  private static int firstAsked(Example row, Front front) {
    if (row.prompt().length > 0 || front.packed() > 0) {
      return 0;
    }
    if (front.virtualTokens() == 0) {
      throw new TrainingException(
          "a row's first token can be predicted from virtual tokens only, and there are none");
    }
    return 1;
  }

  /** The inputs by name. */
  Map<String, Tensor> inputs() {
    return inputs;
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
