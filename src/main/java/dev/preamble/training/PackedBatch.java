package dev.preamble.training;

import dev.preamble.model.EmbeddingTable;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Rows one after the other behind one prompt, without padding: the inputs of a {@link PackedGraph},
 * those that depend on the prompt's values excepted; logits are asked for at the position before
 * each completion token. One batch after the other is packed into the same memory.
 */
final class PackedBatch implements AutoCloseable {
  private final EmbeddingTable embeddings;
  private final Map<String, ReshapedTensor> memory = new HashMap<>();
  private final Map<String, Tensor> inputs = new HashMap<>();

  /** Memory for batches of tokens that {@code embeddings} has rows of. */
  PackedBatch(EmbeddingTable embeddings) {
    this.embeddings = embeddings;
  }

  /**
   * Packs a batch in the place of the one before.
   *
   * @param rows at least one
   * @param front what stands in front of each
   * @param ofMean labels over which the loss is the mean: those of these rows, or of more batches
   *     together with them
   * @return the inputs by name, good until the next batch
   */
  Map<String, Tensor> pack(List<Example> rows, Front front, int ofMean) {
    int tokens = 0;
    int longest = 0;
    for (Example row : rows) {
      int length = length(row);
      tokens = Math.addExact(tokens, length);
      longest = Math.max(longest, length);
    }
    int before = front.packed();
    Tensor text = memory(PackedGraph.TEXT, ElementType.FLOAT32).in(tokens, embeddings.width());
    long[] positions = new long[Math.addExact(before, tokens)];
    long[] slots = new long[Math.multiplyExact(rows.size(), longest)];
    long[] slotOf = new long[tokens];
    Arrays.fill(slots, -1);
    for (int i = 0; i < before; i++) {
      positions[i] = i;
    }
    int token = 0;
    for (int row = 0; row < rows.size(); row++) {
      Example example = rows.get(row);
      int length = length(example);
      int promptLength = example.prompt().length;
      embeddings.copy(example.prompt(), 0, promptLength, text.data(), token);
      embeddings.copy(
          example.completion(), 0, length - promptLength, text.data(), token + promptLength);
      int slot = row * longest;
      for (int i = 0; i < length; i++) {
        slots[slot + i] = token + i;
        slotOf[token + i] = slot + i;
        positions[before + token + i] = front.virtualTokens() + i;
      }
      token += length;
    }
    inputs.put(PackedGraph.TEXT, text);
    put(PackedGraph.POSITIONS, positions, 1, positions.length);
    put(PackedGraph.SLOTS, slots, rows.size(), longest);
    put(PackedGraph.SLOT_OF, slotOf, tokens);
    packLabels(rows, front, ofMean);
    return inputs;
  }

  private void packLabels(List<Example> rows, Front front, int ofMean) {
    int ofPrompt = front.labels().count();
    int labels = labels(rows, front) - (rows.size() - 1) * ofPrompt;
    if (labels == 0) {
      throw new TrainingException(
          "rows of one token each: behind a prefix the first token of a row is not predicted, so nothing is left to learn");
    }
    long[] positions = new long[labels];
    long[] ids = new long[labels];
    float[] weights = new float[labels];
    int label = 0;
    for (int i = 0; i < ofPrompt; i++, label++) {
      positions[label] = front.labels().positions()[i] - 1;
      ids[label] = front.labels().tokens()[i];
      weights[label] = rows.size() * front.labels().weights()[i] / ofMean;
    }
    int token = 0;
    for (Example example : rows) {
      int promptLength = example.prompt().length;
      for (int i = firstAsked(example, front); i < example.completion().length; i++) {
        if (example.given().get(i)) {
          continue;
        }
        int inRow = promptLength + i - 1;
        positions[label] = inRow < 0 ? front.virtualTokens() - 1 : front.packed() + token + inRow;
        ids[label] = example.completion()[i];
        weights[label] = 1f / ofMean;
        label++;
      }
      token += length(example);
    }
    put(PackedGraph.LABEL_POSITIONS, positions, labels);
    put(PackedGraph.LABELS, ids, labels);
    inputs.put(
        PackedGraph.LABEL_WEIGHTS,
        memory(PackedGraph.LABEL_WEIGHTS, ElementType.FLOAT32).of(weights, labels));
  }

  /**
   * Labels of {@code rows}, those of the virtual tokens counted with each row: what the loss is the
   * mean over.
   */
  static int labels(List<Example> rows, Front front) {
    int labels = Math.multiplyExact(rows.size(), front.labels().count());
    for (Example row : rows) {
      int asked = row.labels();
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

  /** The last completion token is never fed: nothing is predicted from it. */
  private static int length(Example row) {
    int length = row.length() - 1;
    if (length == 0) {
      throw new TrainingException("a row of data without any text before its label");
    }
    return length;
  }

  private ReshapedTensor memory(String name, ElementType type) {
    return memory.computeIfAbsent(name, each -> new ReshapedTensor(type));
  }

  private void put(String name, long[] values, long... shape) {
    inputs.put(name, memory(name, ElementType.INT64).of(values, shape));
  }

  @Override
  public void close() {
    memory.values().forEach(ReshapedTensor::close);
  }
}
