package dev.preamble.model.chat;

import dev.preamble.PreambleException;

/**
 * A chat template that cannot be used, or not with this conversation; the message names the
 * template and the line.
 */
public final class ChatTemplateException extends PreambleException {
  private static final long serialVersionUID = 1L;

  ChatTemplateException(String message, Throwable cause) {
    super(message, cause);
  }
}
