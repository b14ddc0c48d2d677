package dev.preamble.peft;

import java.util.ArrayList;
import java.util.List;

/**
 * Modules of the base model that are trained and stored along with the prompt, such as a
 * classifier's head, under {@code base_model.<module path>.<parameter>}.
 */
final class TrainedModules {
  private TrainedModules() {}

  /** Whether {@code tensor} lies in a module that PEFT would look for, by name or by task. */
  static boolean covers(AdapterConfig config, String tensor) {
    List<String> names = new ArrayList<>(config.modulesToSave().orElse(List.of()));
    config
        .task()
        .ifPresent(
            task -> {
              switch (task) {
                case SEQ_CLS, TOKEN_CLS -> names.addAll(List.of("classifier", "score"));
                case QUESTION_ANS -> names.add("qa_outputs");
                case SEQ_2_SEQ_LM, CAUSAL_LM, FEATURE_EXTRACTION -> {}
              }
            });
    String path = tensor.substring(tensor.indexOf('.') + 1);
    for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      String module = path.substring(0, dot);
      if (names.stream().anyMatch(module::endsWith)) {
        return true;
      }
    }
    return false;
  }
}
