package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * PROMPT_TUNING: rows learned directly, put in front of the token embeddings.
 *
 * @param init how training began: RANDOM, TEXT or SAMPLE_VOCAB
 * @param initText the text that training began from
 * @param tokenizer name or path of the tokenizer for {@code initText}
 * @param tokenizerArguments arguments for loading that tokenizer
 */
public record PromptTuning(
    String init,
    Optional<String> initText,
    Optional<String> tokenizer,
    Optional<ObjectNode> tokenizerArguments)
    implements Method {
  static final String PEFT_TYPE = "PROMPT_TUNING";

  public PromptTuning {
    tokenizerArguments = tokenizerArguments.map(ObjectNode::deepCopy);
  }

  /**
   * The method for rows made here. It says RANDOM whatever the rows began as, for PEFT wants text
   * and tokenizer again at each load of an adapter that says TEXT, and uses neither.
   */
  public static PromptTuning random() {
    return new PromptTuning("RANDOM", Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * A causal language model's adapter of {@code virtualTokens} rows.
   *
   * @param rows {@code [virtualTokens, hidden]} row-major; copied
   */
  public static Adapter of(BaseModel base, int virtualTokens, float[] rows) {
    return Adapter.of(
        AdapterConfig.forRows(random(), base, virtualTokens),
        List.of(TensorView.of(Rows.TENSOR, rows, virtualTokens, base.shape().hidden())));
  }

  static PromptTuning read(ConfigFields fields) {
    return new PromptTuning(
        fields.text("prompt_tuning_init").orElse("RANDOM"),
        fields.text("prompt_tuning_init_text"),
        fields.text("tokenizer_name_or_path"),
        fields.object("tokenizer_kwargs"));
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public void write(ObjectNode json) {
    json.put("prompt_tuning_init", init);
    json.put("prompt_tuning_init_text", initText.orElse(null));
    json.put("tokenizer_name_or_path", tokenizer.orElse(null));
    json.set("tokenizer_kwargs", tokenizerArguments.orElse(null));
  }

  @Override
  public Map<String, List<Long>> shapes(AdapterConfig config) {
    return Rows.shapes(config);
  }

  @Override
  public void check(AdapterConfig config, Consumer<String> warn) {
    if (!Set.of("RANDOM", "TEXT", "SAMPLE_VOCAB").contains(init)) {
      warn.accept(
          "prompt_tuning_init '%s' is none of RANDOM, TEXT, SAMPLE_VOCAB; PEFT takes it for RANDOM"
              .formatted(init));
    }
    boolean text = init.equals("TEXT");
    if (text && (initText.isEmpty() || tokenizer.orElse("").isEmpty())) {
      throw new PreambleException(
          "prompt_tuning_init TEXT needs prompt_tuning_init_text and tokenizer_name_or_path, or PEFT"
              + " refuses to load the adapter; set prompt_tuning_init to RANDOM, which changes"
              + " nothing in a trained adapter");
    }
    if (!text && tokenizerArguments.filter(kwargs -> !kwargs.isEmpty()).isPresent()) {
      throw new PreambleException(
          "tokenizer_kwargs goes with prompt_tuning_init TEXT only, or PEFT refuses to load the"
              + " adapter; remove it, which changes nothing in a trained adapter");
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
