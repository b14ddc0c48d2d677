package dev.preamble;

/**
 * A fault that a user can mend. The message names the thing, what was expected, what was found and
 * how to mend it; it is shown as it stands, without a stack trace, and the program exits with 2.
 */
public class PreambleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A fault described by {@code message} alone. */
  public PreambleException(String message) {
    super(message);
  }

  /** A fault with the exception that made it known. */
  public PreambleException(String message, Throwable cause) {
    super(message, cause);
  }
}
