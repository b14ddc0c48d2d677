package dev.preamble.training;

/** Hears how a run goes. Called on the thread that trains. */
public interface TrainingListener {
  /** Hears nothing. */
  TrainingListener SILENT = new TrainingListener() {};

  /** A step is done. */
  default void step(Step step) {}

  /** An epoch is done and, where there is data for it, scored. */
  default void epoch(Epoch epoch) {}

  /**
   * One step.
   *
   * @param number from 1
   * @param steps of the whole run
   * @param loss before the step, mean over the batch's completion tokens
   * @param gradientNorm Euclidean, before clipping
   * @param learningRate used
   * @param rows of data in the batch
   */
  record Step(
      int number, int steps, float loss, double gradientNorm, double learningRate, int rows) {}

  /**
   * One epoch.
   *
   * @param number from 1; 0 is the state before the first step
   * @param loss mean over the epoch's steps, 0 before the first
   * @param scores on the evaluation data
   */
  record Epoch(int number, int epochs, double loss, java.util.Optional<Evaluator.Scores> scores) {}
}
