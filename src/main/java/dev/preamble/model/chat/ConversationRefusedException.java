package dev.preamble.model.chat;

import dev.preamble.PreambleException;

/**
 * A conversation that the model's own template refuses, such as one whose roles do not alternate;
 * the message is the template's.
 */
public final class ConversationRefusedException extends PreambleException {
  private static final long serialVersionUID = 1L;

  ConversationRefusedException(String message) {
    super(message);
  }
}
