package dev.preamble.server.adapters;

import dev.preamble.PreambleException;

/** A change of the adapters that cannot be made; nothing has changed. */
public final class CatalogException extends PreambleException {
  private static final long serialVersionUID = 1L;

  /** Why a change cannot be made. */
  public enum Reason {
    /** There is no such adapter. */
    UNKNOWN,
    /** It stands against what is there already. */
    CONFLICT,
    /** What was given cannot be an adapter here. */
    UNUSABLE
  }

  private final Reason reason;

  CatalogException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Why the change cannot be made. */
  public Reason reason() {
    return reason;
  }
}
