package dev.preamble.peft;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;

/** What the methods share whose tensor is rows for the model's entry. */
final class Rows {
  /** The one tensor that every prompt-learning method saves. */
  static final String TENSOR = "prompt_embeddings";

  private Rows() {}

  /** {@code [virtual tokens x submodules, token width]}. */
  static Map<String, List<Long>> shapes(AdapterConfig config) {
    return Map.of(
        TENSOR, List.of(config.rows(), config.tokenDim().map(Integer::longValue).orElse(-1L)));
  }

  /** The first {@code virtualTokens} rows: with two submodules, PEFT never reads the others. */
  static AdapterEntry.EmbeddingRows entry(Adapter adapter, ModelShape shape) {
    TensorView tensor = adapter.tensor(TENSOR);
    long width = tensor.shape().get(1);
    if (width != shape.hidden()) {
      throw new PreambleException(
          "%s has rows of width %,d, the model takes rows of width %,d; it was made for another model%s"
              .formatted(
                  adapter.name(),
                  width,
                  shape.hidden(),
                  adapter.config().baseModel().map(base -> " (" + base + ")").orElse("")));
    }
    int count = adapter.virtualTokens();
    float[] values = new float[Math.multiplyExact(count, shape.hidden())];
    tensor.copyFloats(0, values, 0, values.length);
    return new AdapterEntry.EmbeddingRows(count, shape.hidden(), values);
  }
}
