package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.sampling.Alternative;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A chat's answer in OpenAI's form.
 *
 * @param head what it begins with
 * @param request what was asked
 * @param texts the texts of single tokens
 */
record ChatJson(AnswerHead head, ChatRequest request, TokenTexts texts) implements AnswerForm {
  private static final String WHOLE = "chat.completion";
  private static final String CHUNK = "chat.completion.chunk";

  @Override
  public ObjectNode whole(List<GenerationResult> results) {
    ObjectNode answer = head.json(WHOLE);
    ArrayNode choices = answer.putArray("choices");
    for (GenerationResult result : results) {
      ObjectNode choice =
          choice(choices.size(), "message", Optional.of(AnswerForm.name(result.finishReason())));
      choice
          .withObject("/message")
          .put("role", "assistant")
          .put("content", result.text())
          .putNull("refusal");
      if (request.logprobs().isPresent()) {
        choice.set("logprobs", logprobs(result.tokens()));
      }
      choices.add(choice);
    }
    answer.set("usage", AnswerForm.usage(results, request.common().n()));
    return answer;
  }

  @Override
  public Optional<JsonNode> first(int index) {
    ObjectNode choice = choice(index, "delta", Optional.empty());
    choice.withObject("/delta").put("role", "assistant").put("content", "");
    return Optional.of(AnswerForm.with(chunk(), choice));
  }

  @Override
  public JsonNode token(int index, GeneratedToken token) {
    ObjectNode choice = choice(index, "delta", Optional.empty());
    choice.withObject("/delta").put("content", token.text());
    if (request.logprobs().isPresent()) {
      choice.set("logprobs", logprobs(List.of(token)));
    }
    return AnswerForm.with(chunk(), choice);
  }

  @Override
  public boolean isScored() {
    return request.logprobs().isPresent();
  }

  @Override
  public JsonNode last(int index, GenerationResult result) {
    return AnswerForm.with(
        chunk(), choice(index, "delta", Optional.of(AnswerForm.name(result.finishReason()))));
  }

  @Override
  public JsonNode usage(List<GenerationResult> results) {
    ObjectNode answer = chunk();
    answer.putArray("choices");
    answer.set("usage", AnswerForm.usage(results, request.common().n()));
    return answer;
  }

  private ObjectNode chunk() {
    return head.json(CHUNK);
  }

  private static ObjectNode choice(int index, String content, Optional<String> reason) {
    ObjectNode choice = JsonNodeFactory.instance.objectNode().put("index", index);
    choice.putObject(content);
    return choice.putNull("logprobs").put("finish_reason", reason.orElse(null));
  }

  private ObjectNode logprobs(List<GeneratedToken> tokens) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ArrayNode content = json.putArray("content");
    for (GeneratedToken token : tokens) {
      ObjectNode entry = entry(token.text(), token.logProbability().orElse(0));
      ArrayNode most = entry.putArray("top_logprobs");
      for (Alternative other : token.alternatives()) {
        most.add(entry(texts.of(other.id()), other.logProbability()));
      }
      content.add(entry);
    }
    return json.putNull("refusal");
  }

  private static ObjectNode entry(String text, double logProbability) {
    ObjectNode entry =
        JsonNodeFactory.instance.objectNode().put("token", text).put("logprob", logProbability);
    ArrayNode bytes = entry.putArray("bytes");
    for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
      bytes.add(Byte.toUnsignedInt(unit));
    }
    return entry;
  }
}
