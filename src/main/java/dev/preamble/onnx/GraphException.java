package dev.preamble.onnx;

import dev.preamble.PreambleException;

/** A graph that cannot be read, edited or differentiated; the message names the node. */
public final class GraphException extends PreambleException {
  private static final long serialVersionUID = 1L;

  /** A fault described by {@code message} alone. */
  public GraphException(String message) {
    super(message);
  }

  /** A fault with the exception that made it known. */
  public GraphException(String message, Throwable cause) {
    super(message, cause);
  }
}
