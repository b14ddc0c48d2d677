package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;

/** A method with its settings: one record a method. */
public sealed interface MethodConfig
    permits PromptTuningConfig,
        PTuningConfig,
        PrefixTuningConfig,
        MultitaskPromptTuningConfig,
        CptConfig,
        CartridgeConfig {
  /** The method's name on the command line, such as {@code prompt-tuning}. */
  String name();

  /** Positions that the adapter takes in front of the text. */
  int virtualTokens();

  /**
   * The method for {@code model}.
   *
   * @throws dev.preamble.training.TrainingException if the settings do not fit the model
   */
  LearningMethod method(FrozenModel model);

  /**
   * The peak learning rate with which the method was found to learn, with AdamW, a tenth of warm-up
   * and a cosine to 0; the records say what was measured.
   */
  double learningRate();
}
