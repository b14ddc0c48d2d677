package dev.preamble.generation;

import dev.preamble.PreambleException;

/** A request that cannot be run as it stands; nothing of it has run. */
public final class RequestException extends PreambleException {
  private static final long serialVersionUID = 1L;

  private final String field;

  /**
   * @param field which part of the request is at fault, as it is called in a JSON body, such as
   *     {@code max_tokens}
   */
  public RequestException(String field, String message) {
    super(message);
    this.field = field;
  }

  /** The part of the request that is at fault. */
  public String field() {
    return field;
  }
}
