package dev.preamble.model.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The chat templates, conversations and expected texts of the test data. */
final class ChatData {
  private static final Path FOLDER = Path.of("src/test/resources/chat");
  private static final ObjectMapper JSON = new ObjectMapper();

  private ChatData() {}

  /** What transformers made of the templates: template, conversation, without and with prompt. */
  static JsonNode expected() {
    return read("expected.json");
  }

  static JsonNode featuresExpected() {
    return read("features-expected.json");
  }

  static JsonNode featureVariables() {
    return read("features.json").get("variables");
  }

  static JsonNode conversations() {
    return read("conversations.json");
  }

  static JsonNode specialTokens(String template) {
    return read("special-tokens.json").get(template);
  }

  static String source(String template) {
    return text(FOLDER.resolve("templates").resolve(template + ".jinja"));
  }

  static ChatTemplate template(String name) {
    Map<String, String> tokens = new HashMap<>();
    specialTokens(name).properties().forEach(e -> tokens.put(e.getKey(), e.getValue().asText()));
    return ChatTemplate.parse(name, source(name), tokens);
  }

  static Conversation conversation(JsonNode conversation, boolean addGenerationPrompt) {
    Map<String, JsonNode> variables = new HashMap<>();
    conversation
        .path("variables")
        .properties()
        .forEach(entry -> variables.put(entry.getKey(), entry.getValue()));
    return new Conversation(
        list(conversation.get("messages")),
        addGenerationPrompt,
        Optional.ofNullable(conversation.get("tools")).map(ChatData::list),
        variables);
  }

  /** The one message that features are shown with. */
  static Conversation greeting(JsonNode variables) {
    ObjectNode conversation = JSON.createObjectNode();
    conversation.putArray("messages").add(Conversation.message("user", "Hi"));
    conversation.set("variables", variables);
    return conversation(conversation, false);
  }

  /** The answer in the oracle's shape: text, refused or error. */
  static ObjectNode outcome(java.util.function.Supplier<String> rendering) {
    ObjectNode outcome = JsonNodeFactory.instance.objectNode();
    try {
      return outcome.put("text", rendering.get());
    } catch (ConversationRefusedException refused) {
      return outcome.put("refused", refused.getMessage());
    } catch (ChatTemplateException fault) {
      return outcome.put("error", fault.getMessage());
    }
  }

  private static List<JsonNode> list(JsonNode array) {
    List<JsonNode> list = new ArrayList<>();
    array.forEach(list::add);
    return list;
  }

  private static JsonNode read(String file) {
    try {
      return JSON.readTree(text(FOLDER.resolve(file)));
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}
