package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import dev.preamble.training.Example;
import dev.preamble.training.Initialisation;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A method as this program learns it and as PEFT does.
 *
 * @param name what it is called in figures
 * @param config its settings here
 * @param fields its configuration there
 */
record PeftMethod(String name, MethodConfig config, Map<String, Object> fields) {
  private static final int TOKENS = 5;
  private static final int TASKS = 3;

  /** All methods, in all their forms. */
  static List<PeftMethod> all() {
    List<PeftMethod> all = new ArrayList<>();
    all.add(
        new PeftMethod(
            "prompt-tuning",
            PromptTuningConfig.defaults(TOKENS),
            Map.of("peft_type", "PROMPT_TUNING", "num_virtual_tokens", TOKENS)));
    all.add(encoded("p-tuning-mlp", PTuningConfig.Encoder.MLP, 2));
    all.add(encoded("p-tuning-lstm", PTuningConfig.Encoder.LSTM, 1));
    all.add(encoded("p-tuning-lstm2", PTuningConfig.Encoder.LSTM, 2));
    all.add(
        new PeftMethod(
            "prefix-tuning",
            PrefixTuningConfig.defaults(TOKENS),
            Map.of("peft_type", "PREFIX_TUNING", "num_virtual_tokens", TOKENS)));
    all.add(
        new PeftMethod(
            "prefix-tuning-projected",
            new PrefixTuningConfig(TOKENS, true, OptionalInt.of(24), new Initialisation.Random()),
            Map.of(
                "peft_type",
                "PREFIX_TUNING",
                "num_virtual_tokens",
                TOKENS,
                "prefix_projection",
                true,
                "encoder_hidden_size",
                24)));
    all.add(
        new PeftMethod(
            "multitask-prompt-tuning",
            new MultitaskPromptTuningConfig(
                TOKENS,
                TASKS,
                2,
                new Initialisation.SampledVocabulary(),
                MultitaskPromptTuningConfig.Factors.ONES),
            Map.of(
                "peft_type",
                "MULTITASK_PROMPT_TUNING",
                "num_virtual_tokens",
                TOKENS,
                "num_tasks",
                TASKS,
                "num_ranks",
                2)));
    all.add(context());
    all.add(
        new PeftMethod(
            "cartridge",
            new CartridgeConfig(TOKENS, 2, new Initialisation.SampledVocabulary()),
            Map.of(
                "peft_type", "CARTRIDGE", "num_virtual_tokens", TOKENS, "num_frozen_tokens", 2)));
    return all;
  }

  private static PeftMethod encoded(String name, PTuningConfig.Encoder encoder, int layers) {
    return new PeftMethod(
        name,
        new PTuningConfig(TOKENS, encoder, OptionalInt.of(12), layers),
        Map.of(
            "peft_type",
            "P_TUNING",
            "num_virtual_tokens",
            TOKENS,
            "encoder_reparameterization_type",
            encoder.name(),
            "encoder_hidden_size",
            12,
            "encoder_num_layers",
            layers));
  }

  private static PeftMethod context() {
    List<Integer> tokens = List.of(11, 12, 13, 14, 15, 16, 17, 18, 19);
    List<Integer> types = List.of(1, 2, 3, 4, 4, 5, 6, 7, 8);
    return new PeftMethod(
        "cpt",
        new CptConfig(tokens, types, Optional.of(0.7), 1.0, 0.5),
        Map.of(
            "peft_type",
            "CPT",
            "cpt_token_ids",
            tokens,
            "cpt_mask",
            tokens.stream().map(token -> 1).toList(),
            "cpt_tokens_type_mask",
            types,
            "opt_weighted_loss_type",
            "decay",
            "opt_loss_decay_factor",
            0.7,
            "opt_projection_epsilon",
            1.0,
            "opt_projection_format_epsilon",
            0.5));
  }

  /** A start at which every parameter matters: what training starts from, shaken. */
  Parameters start(FrozenModel model, Random random) {
    Parameters start = config.method(model).initial(Optional.empty(), random);
    for (Parameter each : start.trainable().all()) {
      float[] values = each.values();
      for (int i = 0; i < values.length; i++) {
        values[i] += (float) (0.02 * random.nextGaussian());
      }
    }
    return start;
  }

  /** The task of row {@code index}: each in turn. */
  int task(FrozenModel model, int index) {
    return index % config.method(model).tasks();
  }

  /** Writes parameters as the oracle reads them. */
  static Path save(Parameters parameters, Path file) {
    List<TensorView> tensors =
        parameters.all().stream()
            .map(
                each ->
                    TensorView.of(
                        each.name(),
                        each.values(),
                        each.shape().stream().mapToLong(Integer::longValue).toArray()))
            .toList();
    SafetensorsWriter.write(file, tensors, Map.of());
    return file;
  }

  /** The training rows for {@code examples}: the prompt's tokens without labels, and the task. */
  static List<Map<String, Object>> rows(List<Example> examples) {
    return examples.stream().map(PeftMethod::row).toList();
  }

  private static Map<String, Object> row(Example example) {
    int asked = example.prompt().length;
    int[] tokens =
        IntStream.concat(IntStream.of(example.prompt()), IntStream.of(example.completion()))
            .toArray();
    int[] labels =
        IntStream.range(0, tokens.length).map(i -> i < asked ? -100 : tokens[i]).toArray();
    Map<String, Object> row = new HashMap<>();
    row.put("token_ids", tokens);
    row.put("labels", labels);
    row.put("task", example.task());
    return row;
  }

  /** |found - expected| / |expected|, in the Euclidean norm. */
  static double distance(float[] found, float[] expected) {
    double difference = 0;
    double length = 0;
    for (int i = 0; i < expected.length; i++) {
      double gap = (double) found[i] - expected[i];
      difference += gap * gap;
      length += (double) expected[i] * expected[i];
    }
    return Math.sqrt(difference / length);
  }
}
