package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.chat.Conversation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** Turns what a user gives into the tokens that the model continues. */
final class PromptReader {
  private final FrozenModel model;
  private final boolean chat;
  private final Optional<String> system;

  /**
   * @param chat whether a text is a user's message, put into the model's chat template
   * @param system a message of the system in front of it
   */
  PromptReader(FrozenModel model, boolean chat, Optional<String> system) {
    this.model = model;
    this.chat = chat;
    this.system = system;
    if (system.isPresent() && !chat) {
      throw new UsageException("--system is a message of a conversation; give --chat too");
    }
    if (chat) {
      model.chatTemplate();
    }
  }

  /** The tokens of a text, or of the conversation that it begins. */
  int[] tokens(String text) {
    if (!chat) {
      return model.tokenizer().encode(text, true);
    }
    List<JsonNode> messages = new ArrayList<>();
    system.ifPresent(message -> messages.add(Conversation.message("system", message)));
    messages.add(Conversation.message("user", text));
    return rendered(messages);
  }

  /**
   * The tokens of a row {@code {"prompt"}}, {@code {"messages"}} or {@code {"token_ids"}}.
   *
   * @throws PreambleException if it is none of these
   */
  int[] tokens(JsonNode row) {
    if (row.path("prompt").isTextual()) {
      return tokens(row.get("prompt").textValue());
    }
    JsonNode messages = row.path("messages");
    if (messages.isArray() && !messages.isEmpty()) {
      return rendered(StreamSupport.stream(messages.spliterator(), false).toList());
    }
    JsonNode ids = row.path("token_ids");
    if (ids.isArray() && !ids.isEmpty() && ids.valueStream().allMatch(JsonNode::isInt)) {
      return IntStream.range(0, ids.size()).map(i -> ids.get(i).intValue()).toArray();
    }
    throw new PreambleException(
        "expected an object with a string \"prompt\", with \"messages\" or with \"token_ids\"");
  }

  private int[] rendered(List<JsonNode> messages) {
    String text = model.chatTemplate().render(Conversation.of(messages));
    return model.tokenizer().encode(text, false);
  }
}
