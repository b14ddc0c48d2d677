package dev.preamble.model.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a chat template is given, in the shapes of OpenAI's chat API.
 *
 * @param messages objects with {@code role}, {@code content} and whatever else the template reads
 * @param addGenerationPrompt whether the text ends where the model's answer begins
 * @param tools objects that describe what the model may call
 * @param variables further variables, such as {@code enable_thinking}
 */
public record Conversation(
    List<? extends JsonNode> messages,
    boolean addGenerationPrompt,
    Optional<List<JsonNode>> tools,
    Map<String, JsonNode> variables) {

  /** Copies the collections; null stands for no JSON value. */
  public Conversation {
    messages = List.copyOf(messages);
    tools = tools.map(List::copyOf);
    variables = Map.copyOf(variables);
  }

  /** {@code messages} with the beginning of the model's answer behind them. */
  public static Conversation of(List<? extends JsonNode> messages) {
    return new Conversation(messages, true, Optional.empty(), Map.of());
  }

  /** A message with nothing but its role and text. */
  public static ObjectNode message(String role, String content) {
    return JsonNodeFactory.instance.objectNode().put("role", role).put("content", content);
  }

  /** With or without the beginning of the model's answer. */
  public Conversation withGenerationPrompt(boolean added) {
    return new Conversation(messages, added, tools, variables);
  }

  /** With {@code described} for the model to call. */
  public Conversation withTools(List<JsonNode> described) {
    return new Conversation(messages, addGenerationPrompt, Optional.of(described), variables);
  }

  /** With a further variable. */
  public Conversation withVariable(String name, JsonNode value) {
    Map<String, JsonNode> more = new LinkedHashMap<>(variables);
    more.put(name, value);
    return new Conversation(messages, addGenerationPrompt, tools, more);
  }
}
