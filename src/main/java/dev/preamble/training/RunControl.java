package dev.preamble.training;

import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * How a run is kept, stopped and taken up again.
 *
 * @param saveEvery steps between two checkpoints; 0 keeps one after each epoch
 * @param start what it begins with
 * @param stopped asked after each step whether to save and stop
 * @param settings text that is saved with the run, such as its resolved configuration
 */
public record RunControl(
    int saveEvery, Start start, BooleanSupplier stopped, Optional<String> settings) {
  /** What a run begins with. */
  public enum Start {
    /** Nothing; a folder with an unfinished run is refused. */
    NEW,
    /** Nothing; an unfinished run in its folder is given up. */
    ANEW,
    /** The checkpoint in its folder. */
    RESUMED
  }

  /** Refuses a negative number of steps. */
  public RunControl {
    if (saveEvery < 0) {
      throw new TrainingException("--save-every: expected 0 or more, found " + saveEvery);
    }
  }

  /** From the beginning to the end, a checkpoint after each epoch. */
  public static RunControl defaults() {
    return new RunControl(0, Start.NEW, () -> false, Optional.empty());
  }

  /** The same with another start. */
  public RunControl from(Start other) {
    return new RunControl(saveEvery, other, stopped, settings);
  }
}
