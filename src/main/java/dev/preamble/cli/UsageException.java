package dev.preamble.cli;

import dev.preamble.PreambleException;

/** A command line that asks for what cannot be. */
final class UsageException extends PreambleException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }
}
