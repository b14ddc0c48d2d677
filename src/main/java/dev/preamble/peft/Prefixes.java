package dev.preamble.peft;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the methods share whose tensor is a key/value prefix: {@code [virtual tokens, layers x 2 x
 * heads x head size]}, a row being the keys of layer 0, the values of layer 0, the keys of layer 1
 * and so on.
 */
final class Prefixes {
  private Prefixes() {}

  static Map<String, List<Long>> shapes(AdapterConfig config) {
    return Map.of(Rows.TENSOR, List.of((long) config.virtualTokens(), -1L));
  }

  static Adapter adapter(Method method, BaseModel base, int virtualTokens, float[] values) {
    long width = 2L * base.shape().layers() * base.shape().keyValueWidth();
    return Adapter.of(
        AdapterConfig.forPrefix(method, base, virtualTokens),
        List.of(TensorView.of(Rows.TENSOR, values, virtualTokens, width)));
  }

  /**
   * Refuses a width that is not {@code 2 x num_layers x token_dim}. A narrower one may be right:
   * for a grouped-query model PEFT itself takes the dimensions from the model and not from the
   * file.
   */
  static void checkWidth(AdapterConfig config, List<TensorView> tensors, Consumer<String> warn) {
    TensorView tensor =
        tensors.stream().filter(t -> t.name().equals(Rows.TENSOR)).findFirst().orElseThrow();
    long width = tensor.shape().get(1);
    if (config.layers().isEmpty() || config.tokenDim().isEmpty()) {
      return;
    }
    int layers = config.layers().get();
    int dim = config.tokenDim().get();
    long expected = Math.multiplyExact(2L * layers, (long) dim);
    if (width == expected) {
      return;
    }
    int headSize = Math.max(1, dim / config.heads().orElse(dim));
    long found = width / (2L * layers);
    if (width < expected && width > 0 && width % (2L * layers) == 0 && found % headSize == 0) {
      warn.accept(
          ("tensor '%s' holds %,d values a layer's keys, token_dim says %,d; right only for a"
                  + " grouped-query model, whose dimensions PEFT takes from the model")
              .formatted(Rows.TENSOR, found, dim));
      return;
    }
    throw new PreambleException(
        "tensor '%s' has rows of width %,d, but adapter_config.json asks for %,d (2 x num_layers %d x token_dim %d)"
            .formatted(Rows.TENSOR, width, expected, layers, dim));
  }

  static AdapterEntry entry(Adapter adapter, ModelShape shape) {
    TensorView tensor = adapter.tensor(Rows.TENSOR);
    Optional<Integer> layers = adapter.config().layers();
    if (layers.isPresent() && layers.get() != shape.layers()) {
      throw new PreambleException(
          "%s was made for %d layers, the model has %d"
              .formatted(adapter.name(), layers.get(), shape.layers()));
    }
    long width = tensor.shape().get(1);
    long perHead = 2L * shape.layers() * shape.headSize();
    boolean fits = width == perHead * shape.keyValueHeads();
    boolean wide = !fits && width == perHead * shape.heads();
    if (!fits && !wide) {
      throw new PreambleException(
          "%s has keys and values of %,d numbers a token, the model takes %,d (2 x %d layers x %d heads x %d); it was made for another model%s"
              .formatted(
                  adapter.name(),
                  width,
                  perHead * shape.keyValueHeads(),
                  shape.layers(),
                  shape.keyValueHeads(),
                  shape.headSize(),
                  adapter.config().baseModel().map(base -> " (" + base + ")").orElse("")));
    }
    float[] values = tensor.toFloats();
    return new AdapterEntry.KeyValuePrefix(
        shape.layers(),
        shape.keyValueHeads(),
        shape.headSize(),
        adapter.virtualTokens(),
        fits ? values : GroupedHeads.narrow(adapter.name(), values, shape));
  }
}
