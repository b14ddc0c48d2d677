package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.sampling.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What completions and chats have in common: who answers, how, how often, and in which form.
 *
 * @param model the model's id
 * @param n how many answers are wanted to each prompt
 * @param stop texts that end an answer
 * @param sampling how tokens are drawn
 * @param format what the answer must be, where it must be something
 * @param timeout time after which an answer ends with what it has
 * @param stream whether it comes as events
 * @param includeUsage whether a stream ends with a chunk of usage
 */
record AnswerFields(
    String model,
    int n,
    List<String> stop,
    Sampling sampling,
    Optional<OutputFormat> format,
    Optional<Duration> timeout,
    boolean stream,
    boolean includeUsage) {
  private static final int MOST_STOPS = 4;
  private static final double LONGEST_SECONDS = 86_400;

  /** Fields that say who asks and why, or how it is kept and paid: the answer is the same. */
  private static final Set<String> HARMLESS =
      Set.of(
          "user",
          "metadata",
          "store",
          "service_tier",
          "safety_identifier",
          "prompt_cache_key",
          "prompt_cache_retention");

  /** Fields that each request may have, whatever else it has. */
  static final Set<String> NAMES =
      with(
          HARMLESS,
          SamplingFields.NAMES,
          OutputFormat.NAMES,
          Set.of("model", "n", "stop", "timeout", "stream", "stream_options"));

  /** Copies the list. */
  AnswerFields {
    stop = List.copyOf(stop);
  }

  static AnswerFields read(RequestBody body, int mostRows) {
    boolean stream = body.flag("stream");
    int n = body.wholeNumber("n", 1).orElse(1);
    if (n > mostRows) {
      throw body.bad("n", "expected at most %,d, found %,d".formatted(mostRows, n));
    }
    return new AnswerFields(
        body.text("model").orElseThrow(() -> body.missing("model")),
        n,
        stops(body),
        SamplingFields.read(body),
        OutputFormat.read(body),
        timeout(body),
        stream,
        includeUsage(body, stream));
  }

  @SafeVarargs
  static Set<String> with(Set<String>... parts) {
    Set<String> all = new HashSet<>();
    for (Set<String> part : parts) {
      all.addAll(part);
    }
    return Set.copyOf(all);
  }

  /** Takes the field only with the value that changes nothing. */
  static void neutral(RequestBody body, String name, Predicate<JsonNode> holds, String expected) {
    body.find(name)
        .ifPresent(value -> body.require(name, value, holds, expected + ", the only value served"));
  }

  private static Optional<Duration> timeout(RequestBody body) {
    return body.find("timeout")
        .map(
            value ->
                body.require(
                    "timeout",
                    value,
                    seconds ->
                        seconds.isNumber()
                            && seconds.doubleValue() > 0
                            && seconds.doubleValue() <= LONGEST_SECONDS,
                    "a number of seconds above 0, a day at most"))
        .map(value -> Duration.ofNanos(Math.max(1, (long) (value.doubleValue() * 1e9))));
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
              options.only(Set.of("include_usage", "include_obfuscation"));
              neutral(
                  options,
                  "include_obfuscation",
                  value -> value.isBoolean() && !value.booleanValue(),
                  "false");
              return options.flag("include_usage");
            })
        .orElse(false);
  }
}
