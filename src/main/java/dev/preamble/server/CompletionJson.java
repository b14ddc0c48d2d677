package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.Usage;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The objects that a completion is answered with, whole or in chunks, all under one id.
 *
 * @param id the completion's id
 * @param model the id of the model that was asked
 * @param created seconds since 1970
 */
record CompletionJson(String id, String model, long created) {
  /** The whole answer: a choice for each result, in order, and the sum of their usage. */
  ObjectNode whole(List<GenerationResult> results) {
    ObjectNode answer = answer();
    ArrayNode choices = answer.putArray("choices");
    for (GenerationResult result : results) {
      choices.add(choice(choices.size(), result.text(), Optional.of(result.finishReason())));
    }
    answer.set("usage", usage(results));
    return answer;
  }

  /** A piece of the choice {@code index}; the last one has a reason and, as a rule, no text. */
  ObjectNode chunk(int index, String text, Optional<FinishReason> reason) {
    ObjectNode answer = answer();
    answer.putArray("choices").add(choice(index, text, reason));
    return answer;
  }

  /** The chunk behind all choices, with the sum of their usage. */
  ObjectNode usageChunk(List<GenerationResult> results) {
    ObjectNode answer = answer();
    answer.putArray("choices");
    answer.set("usage", usage(results));
    return answer;
  }

  private ObjectNode answer() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", "text_completion")
        .put("created", created)
        .put("model", model);
  }

  private static ObjectNode choice(int index, String text, Optional<FinishReason> reason) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("text", text)
        .put("index", index)
        .putNull("logprobs")
        .put("finish_reason", reason.map(CompletionJson::name).orElse(null));
  }

  private static String name(FinishReason reason) {
    return reason.name().toLowerCase(Locale.ROOT);
  }

  /** Virtual tokens stand apart: they are in no other count. */
  private static ObjectNode usage(List<GenerationResult> results) {
    int prompt = 0;
    int virtual = 0;
    int completion = 0;
    for (GenerationResult result : results) {
      Usage usage = result.usage();
      prompt += usage.promptTokens();
      virtual += usage.virtualTokens();
      completion += usage.completionTokens();
    }
    return JsonNodeFactory.instance
        .objectNode()
        .put("prompt_tokens", prompt)
        .put("completion_tokens", completion)
        .put("total_tokens", prompt + completion)
        .put("virtual_tokens", virtual);
  }
}
