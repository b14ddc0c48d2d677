package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.chat.Conversation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The body of {@code POST /v1/chat/completions}. Messages are text; a list of text parts is joined.
 *
 * @param common what it shares with completions
 * @param conversation what the model's chat template is given
 * @param maxTokens tokens to generate at most; all that the context has room for if not given
 * @param logprobs whether log probabilities are wanted, and of how many tokens in each place
 */
record ChatRequest(
    AnswerFields common, Conversation conversation, OptionalInt maxTokens, OptionalInt logprobs) {

  private static final int MOST_MESSAGES = 4096;

  private static final Set<String> KNOWN =
      AnswerFields.with(
          AnswerFields.NAMES,
          Set.of(
              "messages",
              "max_tokens",
              "max_completion_tokens",
              "logprobs",
              "top_logprobs",
              "tools",
              "tool_choice",
              "parallel_tool_calls",
              "modalities",
              "chat_template_kwargs"));

  static ChatRequest parse(byte[] json, ServerConfig.Limits limits) {
    RequestBody body = RequestBody.parse(json);
    body.only(KNOWN);
    AnswerFields.neutral(
        body, "tools", value -> value.isArray() && value.isEmpty(), "[], for no tool is called");
    AnswerFields.neutral(body, "tool_choice", value -> value.asText().matches("none|auto"), "none");
    AnswerFields.neutral(body, "parallel_tool_calls", JsonNode::isBoolean, "true or false");
    AnswerFields.neutral(
        body,
        "modalities",
        value -> value.isArray() && value.size() == 1 && value.get(0).asText().equals("text"),
        "[\"text\"]");
    return new ChatRequest(
        AnswerFields.read(body, limits.rows()),
        new Conversation(messages(body), true, Optional.empty(), variables(body)),
        maxTokens(body),
        logprobs(body));
  }

  private static OptionalInt maxTokens(RequestBody body) {
    OptionalInt newer = body.wholeNumber("max_completion_tokens", 1);
    OptionalInt older = body.wholeNumber("max_tokens", 1);
    if (newer.isPresent() && older.isPresent() && newer.getAsInt() != older.getAsInt()) {
      throw body.bad("max_tokens", "is at odds with max_completion_tokens; give one of them");
    }
    return newer.isPresent() ? newer : older;
  }

  private static OptionalInt logprobs(RequestBody body) {
    OptionalInt alternatives = body.wholeNumber("top_logprobs", 0);
    boolean wanted = body.flag("logprobs");
    if (alternatives.isPresent() && !wanted) {
      throw body.bad("top_logprobs", "goes with \"logprobs\": true only");
    }
    return wanted ? OptionalInt.of(alternatives.orElse(0)) : OptionalInt.empty();
  }

  private static Map<String, JsonNode> variables(RequestBody body) {
    Map<String, JsonNode> variables = new HashMap<>();
    body.find("chat_template_kwargs")
        .map(value -> body.require("chat_template_kwargs", value, JsonNode::isObject, "an object"))
        .ifPresent(
            object ->
                object
                    .properties()
                    .forEach(entry -> variables.put(entry.getKey(), entry.getValue())));
    return variables;
  }

  private static List<ObjectNode> messages(RequestBody body) {
    JsonNode list =
        body.require("messages", body.required("messages"), JsonNode::isArray, "messages");
    if (list.isEmpty() || list.size() > MOST_MESSAGES) {
      throw body.bad(
          "messages", "expected 1 to %,d, found %,d".formatted(MOST_MESSAGES, list.size()));
    }
    List<ObjectNode> messages = new ArrayList<>();
    for (JsonNode each : list) {
      messages.add(message(body, "messages[%d]".formatted(messages.size()), each));
    }
    return messages;
  }

  private static ObjectNode message(RequestBody body, String place, JsonNode given) {
    body.require(place, given, JsonNode::isObject, "an object with role and content");
    for (String name : (Iterable<String>) given::fieldNames) {
      if (!Set.of("role", "content", "name", "refusal").contains(name)
          && !given.get(name).isNull()) {
        throw body.bad(
            place, "no field '%s' is served; served are role, content, name".formatted(name));
      }
    }
    JsonNode role = given.path("role");
    body.require(place + ".role", role, JsonNode::isTextual, "a text");
    ObjectNode message =
        Conversation.message(
            role.textValue(), content(body, place + ".content", given.path("content")));
    Optional.ofNullable(given.get("name"))
        .filter(name -> !name.isNull())
        .ifPresent(
            name ->
                message.set(
                    "name", body.require(place + ".name", name, JsonNode::isTextual, "a text")));
    return message;
  }

  private static String content(RequestBody body, String place, JsonNode content) {
    if (!content.isArray()) {
      return body.require(place, content, JsonNode::isTextual, "a text or text parts").textValue();
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      body.require(
          place,
          part,
          value -> value.path("type").asText().equals("text") && value.path("text").isTextual(),
          "parts of type text");
      text.append(part.get("text").textValue());
    }
    return text.toString();
  }
}
