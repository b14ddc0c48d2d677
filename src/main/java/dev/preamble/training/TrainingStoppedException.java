package dev.preamble.training;

import dev.preamble.PreambleException;

/** A run that was told to stop, and did: the message says how it goes on. */
public final class TrainingStoppedException extends PreambleException {
  private static final long serialVersionUID = 1L;

  TrainingStoppedException(String message) {
    super(message);
  }
}
