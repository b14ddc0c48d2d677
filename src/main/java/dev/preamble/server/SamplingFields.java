package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.sampling.Ending;
import dev.preamble.generation.sampling.Penalties;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.generation.sampling.Truncation;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** The fields of a request that say how tokens are drawn: OpenAI's, and vLLM's beyond them. */
final class SamplingFields {
  static final Set<String> NAMES =
      Set.of(
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "repetition_penalty",
          "frequency_penalty",
          "presence_penalty",
          "logit_bias",
          "seed",
          "stop_token_ids",
          "ignore_eos",
          "min_tokens");

  private static final double HOTTEST = 2;

  private SamplingFields() {}

  /** Without a temperature tokens are drawn at 1, as in OpenAI's interface. */
  static Sampling read(RequestBody body) {
    double temperature = body.number("temperature", 1);
    if (temperature > HOTTEST) {
      throw body.bad("temperature", "expected a number from 0 to 2, found " + temperature);
    }
    return Sampling.greedy()
        .withTemperature(temperature)
        .withTruncation(
            new Truncation(topK(body), body.number("top_p", 1), body.number("min_p", 0)))
        .withPenalties(
            new Penalties(
                body.number("repetition_penalty", 1),
                body.number("frequency_penalty", 0),
                body.number("presence_penalty", 0)))
        .withLogitBias(logitBias(body))
        .withSeed(seed(body))
        .withEnding(
            new Ending(
                stopTokens(body),
                body.flag("ignore_eos"),
                body.wholeNumber("min_tokens", 0).orElse(0)));
  }

  /** In vLLM -1 stands for all tokens, as 0 does. */
  private static int topK(RequestBody body) {
    return Math.max(0, body.wholeNumber("top_k", -1).orElse(0));
  }

  private static OptionalLong seed(RequestBody body) {
    return body.find("seed")
        .map(
            value ->
                body.require(
                    "seed",
                    value,
                    number -> number.isIntegralNumber() && number.canConvertToLong(),
                    "a whole number of 64 bits"))
        .map(value -> OptionalLong.of(value.longValue()))
        .orElse(OptionalLong.empty());
  }

  private static Map<Integer, Double> logitBias(RequestBody body) {
    Map<Integer, Double> bias = new HashMap<>();
    body.find("logit_bias")
        .map(value -> body.require("logit_bias", value, JsonNode::isObject, "an object"))
        .ifPresent(
            object ->
                object
                    .properties()
                    .forEach(
                        entry ->
                            bias.put(tokenId(body, entry.getKey()), bias(body, entry.getValue()))));
    return bias;
  }

  private static int tokenId(RequestBody body, String text) {
    try {
      return Integer.parseUnsignedInt(text);
    } catch (NumberFormatException notAnId) {
      throw body.bad("logit_bias", "expected token ids as names, found '%s'".formatted(text));
    }
  }

  private static double bias(RequestBody body, JsonNode value) {
    return body.require("logit_bias", value, JsonNode::isNumber, "numbers as values").doubleValue();
  }

  private static Set<Integer> stopTokens(RequestBody body) {
    Set<Integer> tokens = new HashSet<>();
    body.find("stop_token_ids")
        .map(value -> body.require("stop_token_ids", value, JsonNode::isArray, "token ids"))
        .ifPresent(
            list ->
                list.forEach(token -> tokens.add(body.wholeNumber("stop_token_ids", token, 0))));
    return tokens;
  }
}
