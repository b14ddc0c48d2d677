package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * PREFIX_TUNING: keys and values of every layer, put in front of the cache. The file holds them as
 * they are used, after the projection where there was one.
 *
 * @param initWeights how training began: {@code zero}, or the standard normal when empty
 * @param encoderHidden width inside the projection
 * @param projection whether the keys and values were learned through a projection
 */
public record PrefixTuning(
    Optional<String> initWeights, Optional<Integer> encoderHidden, boolean projection)
    implements Method {
  static final String PEFT_TYPE = "PREFIX_TUNING";

  /**
   * A causal language model's adapter of {@code virtualTokens} positions.
   *
   * @param values {@code [virtualTokens, layers, 2, key/value heads, head size]} row-major; copied
   */
  public static Adapter of(BaseModel base, int virtualTokens, float[] values) {
    PrefixTuning method =
        new PrefixTuning(Optional.empty(), Optional.of(base.shape().keyValueWidth()), false);
    return Prefixes.adapter(method, base, virtualTokens, values);
  }

  /**
   * The same for keys and values that a projection of width {@code encoderHidden} gave.
   *
   * @param values {@code [virtualTokens, layers, 2, key/value heads, head size]} row-major; copied
   */
  public static Adapter projected(
      BaseModel base, int virtualTokens, int encoderHidden, float[] values) {
    PrefixTuning method = new PrefixTuning(Optional.empty(), Optional.of(encoderHidden), true);
    return Prefixes.adapter(method, base, virtualTokens, values);
  }

  static PrefixTuning read(ConfigFields fields) {
    return new PrefixTuning(
        fields.text("init_weights"),
        fields.integer("encoder_hidden_size"),
        fields.flag("prefix_projection").orElse(false));
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public void write(ObjectNode json) {
    json.put("init_weights", initWeights.orElse(null));
    json.put("encoder_hidden_size", encoderHidden.orElse(null));
    json.put("prefix_projection", projection);
  }

  @Override
  public Map<String, List<Long>> shapes(AdapterConfig config) {
    return Prefixes.shapes(config);
  }

  @Override
  public void check(AdapterConfig config, Consumer<String> warn) {
    if (initWeights.isPresent() && !initWeights.get().equals("zero")) {
      warn.accept("init_weights '%s' is not 'zero'; PEFT ignores it".formatted(initWeights.get()));
    }
  }

  @Override
  public void check(AdapterConfig config, List<TensorView> tensors, Consumer<String> warn) {
    Prefixes.checkWidth(config, tensors, warn);
  }

  @Override
  public AdapterEntry entry(Adapter adapter, ModelShape shape, int task) {
    return Prefixes.entry(adapter, shape);
  }
}
