package dev.preamble.training;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * How a run is stopped and taken up again.
 *
 * @param start gives, for parameters of its shapes, the state to go on from, if there is one
 * @param save keeps a state; called after every {@code every} steps and when the run is stopped
 * @param every steps between two states kept; 0 keeps one after each epoch
 * @param stopped asked after each step whether to stop there
 */
record TrainingControl(
    Function<Parameters, Optional<Checkpoint>> start,
    Consumer<Checkpoint> save,
    int every,
    BooleanSupplier stopped) {
  /** From the beginning to the end, nothing kept. */
  static final TrainingControl NONE =
      new TrainingControl(like -> Optional.empty(), state -> {}, 0, () -> false);
}
