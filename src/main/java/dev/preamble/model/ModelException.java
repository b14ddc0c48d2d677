package dev.preamble.model;

import dev.preamble.PreambleException;

/** A model folder that cannot be used as it stands; the message names the file. */
public final class ModelException extends PreambleException {
  private static final long serialVersionUID = 1L;

  /** A fault described by {@code message} alone. */
  public ModelException(String message) {
    super(message);
  }

  /** A fault with the exception that made it known. */
  public ModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
