package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.GenerationResult;
import java.util.List;
import java.util.Optional;

/**
 * A completion in OpenAI's form.
 *
 * @param head what it begins with
 * @param request what was asked
 * @param echoes the texts of the prompts, where they are part of the answer
 * @param texts the texts of single tokens
 */
record CompletionJson(
    AnswerHead head, CompletionRequest request, List<String> echoes, TokenTexts texts)
    implements AnswerForm {

  @Override
  public ObjectNode whole(List<GenerationResult> results) {
    ObjectNode answer = answer();
    ArrayNode choices = answer.putArray("choices");
    for (GenerationResult result : results) {
      int index = choices.size();
      ObjectNode choice =
          choice(
              index,
              echo(index) + result.text(),
              Optional.of(AnswerForm.name(result.finishReason())));
      if (request.logprobs().isPresent()) {
        CompletionLogprobs logprobs = new CompletionLogprobs(texts);
        if (request.echo()) {
          result.prompt().forEach(logprobs::add);
        }
        result.tokens().forEach(logprobs::add);
        choice.set("logprobs", logprobs.json());
      }
      choices.add(choice);
    }
    answer.set("usage", AnswerForm.usage(results, request.common().n()));
    return answer;
  }

  @Override
  public Optional<JsonNode> first(int index) {
    return request.echo()
        ? Optional.of(AnswerForm.with(answer(), choice(index, echo(index), Optional.empty())))
        : Optional.empty();
  }

  private String echo(int index) {
    return request.echo() ? echoes.get(index / request.common().n()) : "";
  }

  @Override
  public JsonNode token(int index, GeneratedToken token) {
    ObjectNode choice = choice(index, token.text(), Optional.empty());
    if (request.logprobs().isPresent()) {
      CompletionLogprobs logprobs = new CompletionLogprobs(texts);
      logprobs.add(token);
      choice.set("logprobs", logprobs.json());
    }
    return AnswerForm.with(answer(), choice);
  }

  @Override
  public boolean isScored() {
    return request.logprobs().isPresent();
  }

  @Override
  public JsonNode last(int index, GenerationResult result) {
    return AnswerForm.with(
        answer(), choice(index, "", Optional.of(AnswerForm.name(result.finishReason()))));
  }

  @Override
  public JsonNode usage(List<GenerationResult> results) {
    ObjectNode answer = answer();
    answer.putArray("choices");
    answer.set("usage", AnswerForm.usage(results, request.common().n()));
    return answer;
  }

  private ObjectNode answer() {
    return head.json("text_completion");
  }

  private static ObjectNode choice(int index, String text, Optional<String> reason) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("text", text)
        .put("index", index)
        .putNull("logprobs")
        .put("finish_reason", reason.orElse(null));
  }
}
