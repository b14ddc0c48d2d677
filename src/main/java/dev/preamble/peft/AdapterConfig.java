package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * An {@code adapter_config.json} as a value: the fields that all methods have, the method with its
 * own, and the fields that this program does not know, kept for writing back.
 *
 * @param method the method and its fields
 * @param task what the model with the adapter is for; PEFT ignores the prompt when it is missing
 * @param virtualTokens positions that the adapter takes
 * @param tokenDim width of a virtual token: the hidden size, or one layer's key width for prefixes
 * @param submodules 2 for encoder-decoder models, else 1
 * @param heads attention heads; key/value heads for prefixes
 * @param layers transformer layers
 * @param baseModel name or path of the frozen model; PEFT never checks it
 * @param revision revision of the frozen model
 * @param peftVersion release of PEFT that wrote the file; recorded since 0.18, and written as
 *     {@link #PEFT_VERSION} where it is missing, as PEFT does
 * @param autoMapping class of the base model, written by PEFT when the task is missing
 * @param inferenceMode true in every file that PEFT saves from a model
 * @param modulesToSave names of modules trained and stored along with the prompt
 * @param unknown fields of no known meaning
 */
public record AdapterConfig(
    Method method,
    Optional<TaskType> task,
    int virtualTokens,
    Optional<Integer> tokenDim,
    Optional<Integer> submodules,
    Optional<Integer> heads,
    Optional<Integer> layers,
    Optional<String> baseModel,
    Optional<String> revision,
    Optional<String> peftVersion,
    Optional<ObjectNode> autoMapping,
    boolean inferenceMode,
    Optional<List<String>> modulesToSave,
    ObjectNode unknown) {

  /** The release of PEFT whose rules are followed in writing. */
  public static final String PEFT_VERSION = "0.21.0";

  public AdapterConfig {
    if (virtualTokens < 0) {
      throw new PreambleException("num_virtual_tokens must be 0 or more, found " + virtualTokens);
    }
    requirePositive("token_dim", tokenDim);
    requirePositive("num_transformer_submodules", submodules);
    requirePositive("num_attention_heads", heads);
    requirePositive("num_layers", layers);
    modulesToSave = modulesToSave.map(List::copyOf);
    autoMapping = autoMapping.map(ObjectNode::deepCopy);
    unknown = unknown.deepCopy();
  }

  /** The configuration of a new adapter for a causal language model, rows of its hidden size. */
  public static AdapterConfig forRows(Method method, BaseModel base, int virtualTokens) {
    return made(method, base, virtualTokens, base.shape().hidden(), base.shape().heads());
  }

  /** The configuration of a new key/value prefix for a causal language model. */
  public static AdapterConfig forPrefix(Method method, BaseModel base, int virtualTokens) {
    ModelShape shape = base.shape();
    return made(method, base, virtualTokens, shape.keyValueWidth(), shape.keyValueHeads());
  }

  private static AdapterConfig made(
      Method method, BaseModel base, int virtualTokens, int tokenDim, int heads) {
    return new AdapterConfig(
        method,
        Optional.of(TaskType.CAUSAL_LM),
        virtualTokens,
        Optional.of(tokenDim),
        Optional.of(1),
        Optional.of(heads),
        Optional.of(base.shape().layers()),
        Optional.of(base.name()),
        base.revision(),
        Optional.of(PEFT_VERSION),
        Optional.empty(),
        true,
        Optional.empty(),
        JsonNodeFactory.instance.objectNode());
  }

  /** Reads the object of a file; faults name {@code source}. */
  static AdapterConfig read(String source, ObjectNode json) {
    ConfigFields fields = new ConfigFields(source, json);
    String type =
        fields
            .text("peft_type")
            .orElseThrow(
                () ->
                    fields.fault(
                        "there is no peft_type, so this is no PEFT adapter; supported are "
                            + supported()));
    Function<ConfigFields, Method> reader = Method.KNOWN.get(type);
    if (reader == null) {
      throw fields.fault(
          "peft_type %s is not supported; supported are %s".formatted(type, supported()));
    }
    try {
      Method method = reader.apply(fields);
      return new AdapterConfig(
          method,
          fields.text("task_type").map(text -> task(fields, text)),
          virtualTokens(fields, method),
          fields.integer("token_dim"),
          fields
              .integer("num_transformer_submodules")
              .map(parts -> method.impliedVirtualTokens().isPresent() ? 1 : parts),
          fields.integer("num_attention_heads"),
          fields.integer("num_layers"),
          fields.text("base_model_name_or_path"),
          fields.text("revision"),
          fields.text("peft_version"),
          fields.object("auto_mapping"),
          fields.flag("inference_mode").orElse(false),
          fields.texts("modules_to_save"),
          fields.untaken());
    } catch (PreambleException fault) {
      throw fault.getMessage().startsWith(source) ? fault : fields.fault(fault.getMessage());
    }
  }

  /** The same for another task, with the modules trained along with the prompt. */
  public AdapterConfig withTask(TaskType other, List<String> trainedModules) {
    return new AdapterConfig(
        method,
        Optional.of(other),
        virtualTokens,
        tokenDim,
        submodules,
        heads,
        layers,
        baseModel,
        revision,
        peftVersion,
        autoMapping,
        inferenceMode,
        trainedModules.isEmpty() ? Optional.empty() : Optional.of(trainedModules),
        unknown);
  }

  /** The same with the fields of another method. */
  AdapterConfig withMethod(Method other) {
    return new AdapterConfig(
        other,
        task,
        virtualTokens,
        tokenDim,
        submodules,
        heads,
        layers,
        baseModel,
        revision,
        peftVersion,
        autoMapping,
        inferenceMode,
        modulesToSave,
        unknown);
  }

  /** The object that PEFT writes: every field, nulls included. */
  ObjectNode toJson() {
    ObjectNode json = unknown.deepCopy();
    json.put("peft_type", method.peftType());
    json.put("task_type", task.map(Enum::name).orElse(null));
    json.put("num_virtual_tokens", virtualTokens);
    json.put("token_dim", tokenDim.orElse(null));
    json.put("num_transformer_submodules", submodules.orElse(null));
    json.put("num_attention_heads", heads.orElse(null));
    json.put("num_layers", layers.orElse(null));
    json.put("base_model_name_or_path", baseModel.orElse(null));
    json.put("revision", revision.orElse(null));
    json.put("peft_version", peftVersion.orElse(PEFT_VERSION));
    json.set("auto_mapping", autoMapping.orElse(null));
    json.put("inference_mode", inferenceMode);
    ArrayNode modules = json.putArray("modules_to_save");
    modulesToSave.ifPresentOrElse(
        names -> names.forEach(modules::add), () -> json.putNull("modules_to_save"));
    method.write(json);
    return json;
  }

  /** Rows of a tensor that has one row a virtual token and submodule. */
  long rows() {
    int parts = submodules.orElse(task.equals(Optional.of(TaskType.SEQ_2_SEQ_LM)) ? 2 : 1);
    return Math.multiplyExact((long) virtualTokens, parts);
  }

  private static int virtualTokens(ConfigFields fields, Method method) {
    Optional<Integer> given = fields.integer("num_virtual_tokens");
    return method
        .impliedVirtualTokens()
        .or(() -> given)
        .orElseThrow(() -> fields.fault("num_virtual_tokens is missing"));
  }

  private static TaskType task(ConfigFields fields, String text) {
    return Arrays.stream(TaskType.values())
        .filter(task -> task.name().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                fields.fault(
                    "task_type '%s' is unknown; expected one of %s"
                        .formatted(text, Arrays.toString(TaskType.values()))));
  }

  private static String supported() {
    return String.join(", ", Method.KNOWN.keySet().stream().sorted().toList());
  }

  private static void requirePositive(String field, Optional<Integer> value) {
    if (value.isPresent() && value.get() < 1) {
      throw new PreambleException(field + " must be 1 or more, found " + value.get());
    }
  }
}
