package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.Usage;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The objects that texts are answered with, whole or in chunks, all under one id. */
interface AnswerForm {
  /** The whole answer: a choice for each result, in order, and the sum of their usage. */
  ObjectNode whole(List<GenerationResult> results);

  /** What a stream says of the choice {@code index} before its first token; possibly nothing. */
  Optional<JsonNode> first(int index);

  /** A token of the choice {@code index}. */
  JsonNode token(int index, GeneratedToken token);

  /** Whether a chunk says more of a token than its text. */
  boolean isScored();

  /** The end of the choice {@code index}. */
  JsonNode last(int index, GenerationResult result);

  /** The chunk behind all choices, with the sum of their usage. */
  JsonNode usage(List<GenerationResult> results);

  /** What a reason is called; a text whose time was up ends as one does whose tokens are. */
  static String name(FinishReason reason) {
    return reason == FinishReason.TIMEOUT ? "length" : reason.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The sum of what {@code results} took, prompts that were used several times counted once.
   * Virtual tokens stand apart: they are in no other count.
   *
   * @param n results to each prompt
   */
  static ObjectNode usage(List<GenerationResult> results, int n) {
    int prompt = 0;
    int virtual = 0;
    int completion = 0;
    for (int i = 0; i < results.size(); i++) {
      Usage usage = results.get(i).usage();
      prompt += i % n == 0 ? usage.promptTokens() : 0;
      virtual += i % n == 0 ? usage.virtualTokens() : 0;
      completion += usage.completionTokens();
    }
    return JsonNodeFactory.instance
        .objectNode()
        .put("prompt_tokens", prompt)
        .put("completion_tokens", completion)
        .put("total_tokens", prompt + completion)
        .put("virtual_tokens", virtual);
  }

  /** {@code answer} with one choice. */
  static ObjectNode with(ObjectNode answer, ObjectNode choice) {
    ArrayNode choices = answer.putArray("choices");
    choices.add(choice);
    return answer;
  }
}
