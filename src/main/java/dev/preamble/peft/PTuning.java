package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * P_TUNING: rows that an encoder made while training. The file holds the encoder's output, never
 * the encoder, so in use it is prompt tuning.
 *
 * @param reparameterization kind of the encoder: MLP or LSTM
 * @param encoderHidden width inside the encoder
 * @param encoderLayers layers of the LSTM
 * @param encoderDropout dropout of the LSTM
 */
public record PTuning(
    String reparameterization,
    Optional<Integer> encoderHidden,
    int encoderLayers,
    Number encoderDropout)
    implements Method {
  static final String PEFT_TYPE = "P_TUNING";

  /** The method with PEFT's defaults for an encoder of width {@code encoderHidden}. */
  public static PTuning mlp(int encoderHidden) {
    return new PTuning("MLP", Optional.of(encoderHidden), 2, 0.0);
  }

  /**
   * The method for an LSTM of {@code layers} layers, of width {@code encoderHidden} a direction,
   * trained with {@code dropout} between them.
   */
  public static PTuning lstm(int encoderHidden, int layers, double dropout) {
    return new PTuning("LSTM", Optional.of(encoderHidden), layers, dropout);
  }

  /**
   * A causal language model's adapter of {@code virtualTokens} rows as the encoder gave them.
   *
   * @param rows {@code [virtualTokens, hidden]} row-major; copied
   */
  public static Adapter of(PTuning method, BaseModel base, int virtualTokens, float[] rows) {
    return Adapter.of(
        AdapterConfig.forRows(method, base, virtualTokens),
        List.of(TensorView.of(Rows.TENSOR, rows, virtualTokens, base.shape().hidden())));
  }

  static PTuning read(ConfigFields fields) {
    return new PTuning(
        fields.text("encoder_reparameterization_type").orElse("MLP"),
        fields.integer("encoder_hidden_size"),
        fields.integer("encoder_num_layers").orElse(2),
        fields.number("encoder_dropout").orElse(0.0));
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public void write(ObjectNode json) {
    json.put("encoder_reparameterization_type", reparameterization);
    json.put("encoder_hidden_size", encoderHidden.orElse(null));
    json.put("encoder_num_layers", encoderLayers);
    json.set("encoder_dropout", ConfigFields.number(encoderDropout));
  }

  @Override
  public Map<String, List<Long>> shapes(AdapterConfig config) {
    return Rows.shapes(config);
  }

  @Override
  public void check(AdapterConfig config, Consumer<String> warn) {
    if (!Set.of("MLP", "LSTM").contains(reparameterization)) {
      warn.accept(
          "encoder_reparameterization_type '%s' is neither MLP nor LSTM; PEFT loads the adapter and cannot train it"
              .formatted(reparameterization));
    }
  }

  @Override
  public AdapterEntry entry(Adapter adapter, ModelShape shape, int task) {
    return Rows.entry(adapter, shape);
  }

  @Override
  public boolean holdsPlainRows() {
    return true;
  }
}
