package dev.preamble.cli;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.TrainingConfig;
import dev.preamble.training.TrainingJob;

/** The quickstart's task as a job that PEFT does as well. */
public final class QuickstartJob {
  private QuickstartJob() {}

  /** The ten intents, learned in {@code epochs}, as the quickstart learns them otherwise. */
  public static TrainingJob of(FrozenModel model, int epochs, int threads) {
    QuickstartTask task = new QuickstartTask(model);
    TrainingConfig config = QuickstartTask.config(threads);
    return new TrainingJob(
        model,
        task.training(),
        task.test(),
        new TrainingConfig(
            config.method(),
            epochs,
            config.batching(),
            config.objective(),
            config.optimizer(),
            config.evaluation(),
            config.seed(),
            threads));
  }
}
