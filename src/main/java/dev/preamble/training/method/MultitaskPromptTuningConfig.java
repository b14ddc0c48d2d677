package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.Initialisation;
import dev.preamble.training.TrainingException;
import java.util.Locale;

/**
 * Multitask prompt tuning (Wang et al. 2023): rows shared by several tasks, each task's prompt
 * being their elementwise product with a matrix of low rank. Rows of data say their task.
 *
 * <p>Measured on the ten-intent task of {@code quickstart} cut into two tasks (stories15M, 500
 * rows, two epochs, 16 virtual tokens, one seed; 46 % without an adapter): from factors of ones 92
 * and 91 % at rates of 0.05 and 0.1; from PEFT's factors 75 and 81 % at 0.05 and 0.3.
 *
 * @param virtualTokens number of rows ({@code --virtual-tokens})
 * @param tasks number of tasks ({@code --tasks})
 * @param ranks rank of a task's matrix ({@code --ranks})
 * @param initialisation what the shared rows start from ({@code --init})
 * @param factors what the tasks' matrices start from ({@code --factors})
 */
public record MultitaskPromptTuningConfig(
    int virtualTokens, int tasks, int ranks, Initialisation initialisation, Factors factors)
    implements MethodConfig {
  /** {@code --method multitask-prompt-tuning}. */
  public static final String NAME = "multitask-prompt-tuning";

  /** What the matrices of the tasks start from. */
  public enum Factors {
    /** Ones, so that every task starts from the shared rows. */
    ONES,
    /**
     * Products of two normal matrices of deviation 0.02, as in PEFT: prompts that start near zero.
     */
    NORMAL,
    /**
     * Means of the factors of all tasks that another multitask prompt learned, behind its shared
     * rows: PEFT's AVERAGE_SOURCE_TASKS.
     */
    AVERAGE,
    /**
     * Factors of one of the tasks that another multitask prompt learned, behind its shared rows:
     * PEFT's EXACT_SOURCE_TASK.
     */
    SOURCE;

    /** Whether they come from another adapter. */
    boolean isLearned() {
      return this == AVERAGE || this == SOURCE;
    }
  }

  /** Refuses sizes below 1. */
  public MultitaskPromptTuningConfig {
    Settings.atLeastOne("virtual tokens", virtualTokens);
    Settings.atLeastOne("tasks", tasks);
    Settings.atLeastOne("ranks", ranks);
    if (factors.isLearned() && !(initialisation instanceof Initialisation.Learned)) {
      throw new TrainingException(
          "--factors %s: expected an adapter that they come from (--init adapter), found another initialisation"
              .formatted(factors.name().toLowerCase(Locale.ROOT)));
    }
  }

  /** Every task starts from the same tokens drawn from the vocabulary. */
  public static MultitaskPromptTuningConfig defaults(int virtualTokens, int tasks) {
    return new MultitaskPromptTuningConfig(
        virtualTokens, tasks, 1, new Initialisation.SampledVocabulary(), Factors.ONES);
  }

  /** PEFT's defaults. */
  public static MultitaskPromptTuningConfig peftDefaults(int virtualTokens, int tasks) {
    return new MultitaskPromptTuningConfig(
        virtualTokens, tasks, 1, new Initialisation.Random(), Factors.NORMAL);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public double learningRate() {
    return 0.05;
  }

  @Override
  public LearningMethod method(FrozenModel model) {
    return new SharedRows(model, this);
  }
}
