package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.GenerationRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The body of {@code POST /v1/completions}. A field that would change the answer in a way that is
 * not served is refused, and so is one of an unknown name.
 *
 * @param common what it shares with chats
 * @param prompts what is to be continued, each on its own
 * @param maxTokens tokens to generate at most, for each prompt; 0 to have the prompt scored
 * @param logprobs whether log probabilities are wanted, and of how many tokens in each place
 * @param echo whether the prompt is part of the answer
 */
record CompletionRequest(
    AnswerFields common, List<Prompt> prompts, int maxTokens, OptionalInt logprobs, boolean echo) {

  /** What is to be continued. */
  sealed interface Prompt {
    /** A text, which the model's tokenizer encodes. */
    record Text(String text) implements Prompt {}

    /** Token ids, taken as they are. */
    record Tokens(int[] ids) implements Prompt {}
  }

  private static final Set<String> KNOWN =
      AnswerFields.with(
          AnswerFields.NAMES,
          Set.of("prompt", "max_tokens", "logprobs", "echo", "best_of", "suffix"));

  /** Copies the list. */
  CompletionRequest {
    prompts = List.copyOf(prompts);
  }

  static CompletionRequest parse(byte[] json, ServerConfig.Limits limits) {
    RequestBody body = RequestBody.parse(json);
    body.only(KNOWN);
    AnswerFields common = AnswerFields.read(body, limits.rows());
    AnswerFields.neutral(
        body,
        "best_of",
        value -> value.isNumber() && value.doubleValue() == common.n(),
        common.n() + " as n");
    AnswerFields.neutral(body, "suffix", value -> value.asText().isEmpty(), "null");
    boolean echo = body.flag("echo");
    OptionalInt logprobs = body.wholeNumber("logprobs", 0);
    List<Prompt> prompts = prompts(body, limits.rows() / common.n());
    return new CompletionRequest(
        common,
        prompts,
        body.wholeNumber("max_tokens", echo && logprobs.isPresent() ? 0 : 1)
            .orElse(GenerationRequest.DEFAULT_MAX_TOKENS),
        logprobs,
        echo);
  }

  private static List<Prompt> prompts(RequestBody body, int limit) {
    JsonNode prompt = body.required("prompt");
    if (prompt.isTextual()) {
      return List.of(new Prompt.Text(prompt.textValue()));
    }
    body.require("prompt", prompt, JsonNode::isArray, "a text, texts or token ids");
    if (prompt.isEmpty()) {
      throw body.bad("prompt", "expected at least one, found none");
    }
    if (prompt.get(0).isNumber()) {
      return List.of(tokens(body, "prompt", prompt));
    }
    if (prompt.size() > limit) {
      throw body.bad(
          "prompt",
          "expected at most %,d prompts for this n, found %,d".formatted(limit, prompt.size()));
    }
    List<Prompt> prompts = new ArrayList<>();
    for (JsonNode each : prompt) {
      String place = "prompt[%d]".formatted(prompts.size());
      prompts.add(each.isTextual() ? new Prompt.Text(each.textValue()) : tokens(body, place, each));
    }
    return prompts;
  }

  private static Prompt.Tokens tokens(RequestBody body, String place, JsonNode list) {
    body.require(place, list, value -> value.isArray() && !value.isEmpty(), "a text or token ids");
    int[] ids = new int[list.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = body.wholeNumber(place + "[" + i + "]", list.get(i), 0);
    }
    return new Prompt.Tokens(ids);
  }
}
