package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * CPT, context-aware prompt tuning: the embeddings of a few-shot context, each moved by a little.
 * The file holds the moved rows, so in use it is prompt tuning.
 *
 * @param tokenIds the context; its length is the number of virtual tokens
 * @param mask read nowhere in PEFT
 * @param tokenTypes what each token is, modulo 4: 1 input template, 2 input, 3 output template, 0
 *     label
 * @param weightedLoss none or decay
 * @param lossDecay factor from one labelled group to the one before it
 * @param projectionEpsilon bound of a row's move, for input tokens
 * @param formatEpsilon bound of a row's move, for template tokens
 * @param tokenizer not used by PEFT
 */
public record Cpt(
    List<Integer> tokenIds,
    List<Integer> mask,
    List<Integer> tokenTypes,
    String weightedLoss,
    Number lossDecay,
    Number projectionEpsilon,
    Number formatEpsilon,
    Optional<String> tokenizer)
    implements Method {
  static final String PEFT_TYPE = "CPT";

  public Cpt {
    tokenIds = List.copyOf(tokenIds);
    mask = List.copyOf(mask);
    tokenTypes = List.copyOf(tokenTypes);
  }

  /** The method for a context with PEFT's defaults of everything else. */
  public static Cpt of(List<Integer> tokenIds, List<Integer> tokenTypes) {
    List<Integer> ones = Collections.nCopies(tokenIds.size(), 1);
    return new Cpt(tokenIds, ones, tokenTypes, "none", 1.0, 0.1, 0.1, Optional.empty());
  }

  /**
   * The method with bounds and weights of its own.
   *
   * @param lossDecay factor from one labelled group to the one before it, none where it is empty
   */
  public static Cpt of(
      List<Integer> tokenIds,
      List<Integer> tokenTypes,
      Optional<Double> lossDecay,
      double projectionEpsilon,
      double formatEpsilon) {
    return new Cpt(
        tokenIds,
        Collections.nCopies(tokenIds.size(), 1),
        tokenTypes,
        lossDecay.isPresent() ? "decay" : "none",
        lossDecay.orElse(1.0),
        projectionEpsilon,
        formatEpsilon,
        Optional.empty());
  }

  /**
   * A causal language model's adapter of one row a token of the context.
   *
   * @param rows {@code [tokens, hidden]} row-major; copied
   */
  public static Adapter of(Cpt method, BaseModel base, float[] rows) {
    int count = method.tokenIds.size();
    return Adapter.of(
        AdapterConfig.forRows(method, base, count),
        List.of(TensorView.of(Rows.TENSOR, rows, count, base.shape().hidden())));
  }

  static Cpt read(ConfigFields fields) {
    List<Integer> ids = fields.integers("cpt_token_ids").orElse(List.of(0));
    List<Integer> ones = Collections.nCopies(ids.size(), 1);
    return new Cpt(
        ids,
        fields.integers("cpt_mask").orElse(ones),
        fields.integers("cpt_tokens_type_mask").orElse(ones),
        fields.text("opt_weighted_loss_type").orElse("none"),
        fields.number("opt_loss_decay_factor").orElse(1.0),
        fields.number("opt_projection_epsilon").orElse(0.1),
        fields.number("opt_projection_format_epsilon").orElse(0.1),
        fields.text("tokenizer_name_or_path"));
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public void write(ObjectNode json) {
    ArrayNode ids = json.putArray("cpt_token_ids");
    tokenIds.forEach(ids::add);
    ArrayNode masked = json.putArray("cpt_mask");
    mask.forEach(masked::add);
    ArrayNode types = json.putArray("cpt_tokens_type_mask");
    tokenTypes.forEach(types::add);
    json.put("opt_weighted_loss_type", weightedLoss);
    json.set("opt_loss_decay_factor", ConfigFields.number(lossDecay));
    json.set("opt_projection_epsilon", ConfigFields.number(projectionEpsilon));
    json.set("opt_projection_format_epsilon", ConfigFields.number(formatEpsilon));
    json.put("tokenizer_name_or_path", tokenizer.orElse(null));
  }

  /** PEFT takes the length of the context, whatever the file says. */
  @Override
  public Optional<Integer> impliedVirtualTokens() {
    return Optional.of(tokenIds.size());
  }

  @Override
  public Map<String, List<Long>> shapes(AdapterConfig config) {
    return Rows.shapes(config);
  }

  @Override
  public void check(AdapterConfig config, Consumer<String> warn) {
    if (!config.task().equals(Optional.of(TaskType.CAUSAL_LM))) {
      throw new PreambleException(
          "CPT goes with task_type CAUSAL_LM only, found "
              + config.task().map(Enum::name).orElse("null"));
    }
    if (mask.size() != tokenIds.size() || tokenTypes.size() != tokenIds.size()) {
      throw new PreambleException(
          "cpt_token_ids, cpt_mask and cpt_tokens_type_mask must be of one length, found %d, %d, %d"
              .formatted(tokenIds.size(), mask.size(), tokenTypes.size()));
    }
    if (!Set.of("none", "decay").contains(weightedLoss)) {
      warn.accept(
          "opt_weighted_loss_type '%s' is neither none nor decay; PEFT takes it for none"
              .formatted(weightedLoss));
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
