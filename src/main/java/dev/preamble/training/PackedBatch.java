package dev.preamble.training;

import dev.preamble.model.EmbeddingTable;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.onnx.packed.PackedPlaces;
import dev.preamble.onnx.packed.RowSlots;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Tensor;
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
   * @throws dev.preamble.model.ModelException if a token of a row is not in the vocabulary
   */
  Map<String, Tensor> pack(List<Example> rows, Front front, int ofMean) {
    int[] lengths = rows.stream().mapToInt(PackedBatch::length).toArray();
    PackedPlaces places = PackedPlaces.of(front.kind(), front.virtualTokens(), lengths);
    Tensor text =
        memory(PackedGraph.TEXT, ElementType.FLOAT32).in(places.tokens(), embeddings.width());
    int token = 0;
    for (Example row : rows) {
      int promptLength = row.prompt().length;
      int rest = length(row) - promptLength;
      embeddings.copy(row.prompt(), 0, promptLength, text.data(), token);
      embeddings.copy(row.completion(), 0, rest, text.data(), token + promptLength);
      token += promptLength + rest;
    }
    inputs.put(PackedGraph.TEXT, text);
    put(PackedGraph.POSITIONS, places.positions(), 1, places.positions().length);
    put(PackedGraph.SLOTS, PackedGraph.SLOT_OF, places.text(), rows.size());
    packLabels(rows, front, ofMean);
    return inputs;
  }

  /** Labels in the order of their rows; those of the prompt are shared out among the rows. */
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
    int[] counts = new int[rows.size()];
    int label = 0;
    int token = 0;
    for (int row = 0; row < rows.size(); row++) {
      int first = label;
      for (int i = row; i < ofPrompt; i += rows.size()) {
        positions[label] = front.labels().positions()[i] - 1;
        ids[label] = front.labels().tokens()[i];
        weights[label] = rows.size() * front.labels().weights()[i] / ofMean;
        label++;
      }
      Example example = rows.get(row);
      int promptLength = example.prompt().length;
      for (int i = firstAsked(example, front); i < example.completion().length; i++) {
        if (example.given().get(i)) {
          continue;
        }
        int inRow = promptLength + i - 1;
        positions[label] = inRow < 0 ? front.virtualTokens() - 1 : front.packed() + token + inRow;
        embeddings.require(example.completion()[i]);
        ids[label] = example.completion()[i];
        weights[label] = 1f / ofMean;
        label++;
      }
      token += length(example);
      counts[row] = label - first;
    }
    put(PackedGraph.LABEL_POSITIONS, positions, labels);
    put(PackedGraph.LABEL_SLOTS, PackedGraph.LABEL_SLOT_OF, RowSlots.of(counts), rows.size());
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

  private void put(String slots, String slotOf, RowSlots of, int rows) {
    put(slots, of.slots(), rows, of.longest());
    put(slotOf, of.slotOf(), of.slotOf().length);
  }

  private void put(String name, long[] values, long... shape) {
    inputs.put(name, memory(name, ElementType.INT64).of(values, shape));
  }

  @Override
  public void close() {
    memory.values().forEach(ReshapedTensor::close);
  }
}
