package dev.preamble.peft;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/**
 * Modules of the base model that are trained and stored along with the prompt, such as a
 * classifier's head, under {@code base_model.<module path>.<parameter>}.
 */
final class TrainedModules {
  static final String PREFIX = "base_model.";

  private TrainedModules() {}

  /** Warns when modules should have been stored and none is: PEFT then refuses to load. */
  static void check(AdapterConfig config, Collection<String> tensors, Consumer<String> warn) {
    List<String> names = names(config);
    if (!names.isEmpty() && tensors.stream().noneMatch(tensor -> covers(config, tensor))) {
      warn.accept(
          "there is no trained head, no tensor of %s; PEFT refuses the adapter for a model that has such a module"
              .formatted(String.join(", ", names)));
    }
  }

  /** Whether {@code tensor} lies in a module that PEFT would look for, by name or by task. */
  static boolean covers(AdapterConfig config, String tensor) {
    if (!tensor.startsWith(PREFIX)) {
      return false;
    }
    List<String> names = names(config);
    String path = tensor.substring(tensor.indexOf('.') + 1);
    for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      String module = path.substring(0, dot);
      if (names.stream().anyMatch(module::endsWith)) {
        return true;
      }
    }
    return false;
  }

  /** The names in {@code modules_to_save} and those that PEFT adds for the task. */
  private static List<String> names(AdapterConfig config) {
    List<String> names = new ArrayList<>(config.modulesToSave().orElse(List.of()));
    if (config.task().isPresent()) {
      switch (config.task().get()) {
        case SEQ_CLS, TOKEN_CLS -> names.addAll(List.of("classifier", "score"));
        case QUESTION_ANS -> names.add("qa_outputs");
        case SEQ_2_SEQ_LM, CAUSAL_LM, FEATURE_EXTRACTION -> {}
      }
    }
    return names.stream().distinct().toList();
  }
}
