package dev.preamble.training.data;

import dev.preamble.PreambleException;

/** A row that cannot be used; the message says why, and leaves the line to whoever knows it. */
public final class BadRowException extends PreambleException {
  private static final long serialVersionUID = 1L;

  /** A row that is bad for {@code reason}. */
  public BadRowException(String reason) {
    super(reason);
  }

  /** A row that is bad for {@code reason}, made known by {@code cause}. */
  public BadRowException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
