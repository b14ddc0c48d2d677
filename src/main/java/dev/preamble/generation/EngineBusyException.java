package dev.preamble.generation;

import dev.preamble.PreambleException;

/** A request that the engine takes no more of now; the same request may be taken later. */
public final class EngineBusyException extends PreambleException {
  private static final long serialVersionUID = 1L;

  EngineBusyException(String message) {
    super(message);
  }
}
