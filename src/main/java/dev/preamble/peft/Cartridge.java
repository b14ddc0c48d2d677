package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * CARTRIDGE: a text's cache, compressed and then trained. It enters as PREFIX_TUNING does; the
 * first positions are kept as they were while training.
 *
 * @param frozenTokens leading positions that training leaves alone
 */
public record Cartridge(int frozenTokens) implements Method {
  static final String PEFT_TYPE = "CARTRIDGE";

  /**
   * A causal language model's adapter of {@code virtualTokens} positions.
   *
   * @param values {@code [virtualTokens, layers, 2, key/value heads, head size]} row-major; copied
   */
  public static Adapter of(BaseModel base, int virtualTokens, int frozenTokens, float[] values) {
    return Prefixes.adapter(new Cartridge(frozenTokens), base, virtualTokens, values);
  }

  static Cartridge read(ConfigFields fields) {
    return new Cartridge(fields.integer("num_frozen_tokens").orElse(1));
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public void write(ObjectNode json) {
    json.put("num_frozen_tokens", frozenTokens);
  }

  @Override
  public Map<String, List<Long>> shapes(AdapterConfig config) {
    return Prefixes.shapes(config);
  }

  @Override
  public void check(AdapterConfig config, Consumer<String> warn) {
    if (frozenTokens < 0 || frozenTokens > config.virtualTokens()) {
      throw new PreambleException(
          "num_frozen_tokens must lie between 0 and num_virtual_tokens (%d), found %d"
              .formatted(config.virtualTokens(), frozenTokens));
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
