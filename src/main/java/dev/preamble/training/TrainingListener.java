package dev.preamble.training;

import java.util.List;
import java.util.Optional;

/** Hears how a run goes. Called on the thread that trains. */
public interface TrainingListener {
  /** Hears nothing. */
  TrainingListener SILENT = new TrainingListener() {};

  /** A step is done. */
  default void step(Step step) {}

  /** An epoch is done and, where its end is a time for it, scored. */
  default void epoch(Epoch epoch) {}

  /** The run was scored within an epoch. */
  default void scored(Scored scored) {}

  /** One that tells all of {@code listeners}, in order. */
  static TrainingListener all(List<TrainingListener> listeners) {
    return new TrainingListener() {
      @Override
      public void step(Step step) {
        listeners.forEach(each -> each.step(step));
      }

      @Override
      public void epoch(Epoch epoch) {
        listeners.forEach(each -> each.epoch(epoch));
      }

      @Override
      public void scored(Scored scored) {
        listeners.forEach(each -> each.scored(scored));
      }
    };
  }

  /**
   * One step.
   *
   * @param number from 1
   * @param steps of the whole run
   * @param loss before the step, mean over the labels of its batches
   * @param gradientNorm Euclidean, before clipping
   * @param learningRate used
   * @param rows of data in its batches
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
  record Epoch(int number, int epochs, double loss, Optional<Evaluator.Scores> scores) {}

  /**
   * An evaluation.
   *
   * @param step after which it was
   * @param steps of the whole run
   */
  record Scored(int step, int steps, Evaluator.Scores scores) {}
}
