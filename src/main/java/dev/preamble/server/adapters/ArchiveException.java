package dev.preamble.server.adapters;

import dev.preamble.PreambleException;

/** Uploaded files that are no adapter's; nothing of them is kept. */
public final class ArchiveException extends PreambleException {
  private static final long serialVersionUID = 1L;

  ArchiveException(String message) {
    super(message);
  }
}
