package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.GenerationRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The body of {@code POST /v1/completions}. Decoding is greedy, whether {@code temperature} is 0 or
 * absent. A field that would change the answer in a way that is not served is refused, and so is
 * one of an unknown name.
 *
 * @param model the model's id, or an adapter's
 * @param prompts what is to be continued, each on its own
 * @param maxTokens tokens to generate at most, for each prompt
 * @param stop texts that end a completion
 * @param stream whether the answer comes as events
 * @param includeUsage whether a stream ends with a chunk of usage
 */
record CompletionRequest(
    String model,
    List<Prompt> prompts,
    int maxTokens,
    List<String> stop,
    boolean stream,
    boolean includeUsage) {

  private static final int MOST_STOPS = 4;

  /** What is to be continued. */
  sealed interface Prompt {
    /** A text, which the model's tokenizer encodes. */
    record Text(String text) implements Prompt {}

    /** Token ids, taken as they are. */
    record Tokens(int[] ids) implements Prompt {}
  }

  private record Neutral(Predicate<JsonNode> holds, String expected) {}

  /** Fields that are taken only with the value that changes nothing. */
  private static final Map<String, Neutral> NEUTRAL =
      Map.ofEntries(
          Map.entry("temperature", number(0)),
          Map.entry("top_p", number(1)),
          Map.entry("n", number(1)),
          Map.entry("best_of", number(1)),
          Map.entry("presence_penalty", number(0)),
          Map.entry("frequency_penalty", number(0)),
          Map.entry("echo", new Neutral(value -> value.isBoolean() && !value.asBoolean(), "false")),
          Map.entry("logit_bias", new Neutral(value -> value.isObject() && value.isEmpty(), "{}")),
          Map.entry("logprobs", new Neutral(value -> false, "null")),
          Map.entry("suffix", new Neutral(value -> false, "null")),
          // Greedy decoding draws no random number, and nobody is told apart.
          Map.entry("seed", new Neutral(JsonNode::isIntegralNumber, "a whole number")),
          Map.entry("user", new Neutral(JsonNode::isTextual, "a text")));

  private static final Set<String> KNOWN = known();

  /** Copies the lists. */
  CompletionRequest {
    prompts = List.copyOf(prompts);
    stop = List.copyOf(stop);
  }

  static CompletionRequest parse(byte[] json, ServerConfig.Limits limits) {
    RequestBody body = RequestBody.parse(json);
    body.only(KNOWN);
    NEUTRAL.forEach(
        (name, neutral) ->
            body.find(name)
                .ifPresent(
                    value ->
                        body.require(
                            name,
                            value,
                            neutral.holds(),
                            neutral.expected() + ", the only value served")));
    boolean stream = body.flag("stream");
    return new CompletionRequest(
        body.text("model").orElseThrow(() -> body.bad("model", "is missing")),
        prompts(body, limits.prompts()),
        body.find("max_tokens")
            .map(value -> wholeNumber(body, "max_tokens", value, 1))
            .orElse(GenerationRequest.DEFAULT_MAX_TOKENS),
        stops(body),
        stream,
        includeUsage(body, stream));
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
          "prompt", "expected at most %,d prompts, found %,d".formatted(limit, prompt.size()));
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
      ids[i] = wholeNumber(body, "%s[%d]".formatted(place, i), list.get(i), 0);
    }
    return new Prompt.Tokens(ids);
  }

  private static List<String> stops(RequestBody body) {
    JsonNode stop = body.find("stop").orElse(null);
    if (stop == null) {
      return List.of();
    }
    List<String> stops = new ArrayList<>();
    for (JsonNode each : stop.isArray() ? stop : List.of(stop)) {
      body.require(
          "stop",
          each,
          value -> value.isTextual() && !value.textValue().isEmpty(),
          "a text that is not empty, or several");
      stops.add(each.textValue());
    }
    if (stops.size() > MOST_STOPS) {
      throw body.bad("stop", "expected at most 4 texts, found " + stops.size());
    }
    return stops;
  }

  private static boolean includeUsage(RequestBody body, boolean stream) {
    return body.object("stream_options")
        .map(
            options -> {
              if (!stream) {
                throw body.bad("stream_options", "goes with \"stream\": true only");
              }
              options.only(Set.of("include_usage"));
              return options.flag("include_usage");
            })
        .orElse(false);
  }

  private static int wholeNumber(RequestBody body, String place, JsonNode value, int least) {
    return body.require(
            place,
            value,
            number ->
                number.isIntegralNumber() && number.canConvertToInt() && number.intValue() >= least,
            "a whole number of at least " + least)
        .intValue();
  }

  private static Neutral number(int only) {
    return new Neutral(
        value -> value.isNumber() && value.doubleValue() == only, String.valueOf(only));
  }

  private static Set<String> known() {
    Set<String> known = new HashSet<>(NEUTRAL.keySet());
    known.addAll(Set.of("model", "prompt", "max_tokens", "stop", "stream", "stream_options"));
    return Set.copyOf(known);
  }
}
