package dev.preamble.generation.structured;

/** A pattern that would take more memory or time than a constraint may. */
final class TooLargeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  TooLargeException(String message) {
    super(message);
  }
}
