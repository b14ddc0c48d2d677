package dev.preamble.training;

import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.ModelCard;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A whole run: the base model scored, a hard prompt beside it, the adapter trained and scored, the
 * adapter saved with its card, {@code metrics.jsonl} and a picture of the losses. Until it is done
 * its folder holds a checkpoint, from which it goes on after a crash as if there had been none.
 *
 * @param model what the prompt is for
 * @param config how it is tuned
 * @param data what it learns from
 * @param evaluation what it is scored on, if anything
 * @param hardPrompted the same rows behind a hard prompt, to compare with, if one was given
 * @param folder where the adapter goes
 * @param control how the run is kept and stopped
 */
public record TrainingRun(
    FrozenModel model,
    TrainingConfig config,
    Dataset data,
    Optional<Dataset> evaluation,
    Optional<Dataset> hardPrompted,
    Path folder,
    RunControl control) {
  /** The file that the settings of a run are saved as. */
  public static final String SETTINGS = "preamble_run.yaml";

  /** A run from its beginning to its end. */
  public TrainingRun(
      FrozenModel model,
      TrainingConfig config,
      Dataset data,
      Optional<Dataset> evaluation,
      Optional<Dataset> hardPrompted,
      Path folder) {
    this(model, config, data, evaluation, hardPrompted, folder, RunControl.defaults());
  }

  /**
   * What came out.
   *
   * @param outcome the adapter as it was saved, and how it was learned
   * @param base the model's scores without any prompt
   * @param hardPrompt its scores with the hard prompt
   * @param trainingSeconds time of the tuning, evaluation between epochs included
   * @param warning what could not be done beside the training, if anything
   */
  public record Report(
      Trainer.Outcome outcome,
      Optional<Evaluator.Scores> base,
      Optional<Evaluator.Scores> hardPrompt,
      double trainingSeconds,
      Optional<String> warning) {
    /** The adapter. */
    public Adapter adapter() {
      return outcome.adapter();
    }

    /** The model's scores with the tuned prompt. */
    public Optional<Evaluator.Scores> tuned() {
      return outcome.scores();
    }
  }

  /**
   * Runs it; {@code listener} hears every step and epoch.
   *
   * @throws TrainingStoppedException if it was told to stop; its checkpoint is saved
   * @throws PreambleException if it cannot go on; the last checkpoint is as it was
   */
  public Report run(TrainingListener listener) {
    Trainer trainer = new Trainer(model, config);
    RunFolder files = new RunFolder(folder);
    try (Evaluator evaluator = new Evaluator(model, config.threads());
        Journal journal = new Journal(this, files, trainer.steps(data))) {
      Optional<Evaluator.Scores> base = evaluation.map(evaluator::score);
      Optional<Evaluator.Scores> hard = hardPrompted.map(evaluator::score);
      TrainingControl kept =
          new TrainingControl(
              like -> journal.start(like, base, hard),
              journal::save,
              control.saveEvery(),
              control.stopped());
      long start = System.nanoTime();
      Trainer.Outcome outcome =
          trainer.train(
              data,
              evaluation.map(each -> new Trainer.Evaluation(evaluator, each)),
              TrainingListener.all(List.of(listener, journal)),
              kept);
      double seconds = (System.nanoTime() - start) / 1e9;
      outcome.scores().ifPresent(journal::tuned);
      Report report = new Report(outcome, base, hard, seconds, journal.draw());
      Adapter adapter = outcome.adapter();
      adapter.save(folder, ModelCard.of(adapter, ReportTable.markdown(this, report)));
      files.finish();
      return report;
    } catch (TrainingStoppedException stopped) {
      throw new TrainingStoppedException(stopped.getMessage() + files.goesOn());
    } catch (TrainingException fault) {
      throw new TrainingException(fault.getMessage() + files.goesOn(), fault);
    }
  }
}
