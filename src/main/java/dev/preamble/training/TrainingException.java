package dev.preamble.training;

import dev.preamble.PreambleException;

/** Data or settings that cannot be trained with, or a run that went wrong. */
public final class TrainingException extends PreambleException {
  private static final long serialVersionUID = 1L;

  /** A fault described by {@code message} alone. */
  public TrainingException(String message) {
    super(message);
  }

  /** A fault with the exception that made it known. */
  public TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
