package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.Timing;
import dev.preamble.generation.sampling.Alternative;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** An answer of {@code generate}, for machines and as a line for people. */
final class AnswerReport {
  private AnswerReport() {}

  /** Which adapter answered what, and why the answer ended. */
  static ObjectNode brief(Optional<FittedAdapter> adapter, GenerationResult result) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    FittedAdapters.describe(adapter, answer);
    return answer
        .put("text", result.text())
        .put("finish_reason", result.finishReason().name().toLowerCase(Locale.ROOT))
        .put("completion_tokens", result.usage().completionTokens());
  }

  /** The same with every token, its log probability and how long it took. */
  static ObjectNode whole(Optional<FittedAdapter> adapter, GenerationResult result) {
    ObjectNode answer = brief(adapter, result);
    ArrayNode tokens = answer.putArray("tokens");
    for (GeneratedToken token : result.tokens()) {
      ObjectNode each =
          tokens
              .addObject()
              .put("id", token.id())
              .put("text", token.text())
              .put("log_probability", token.logProbability().orElseThrow());
      if (!token.alternatives().isEmpty()) {
        ArrayNode alternatives = each.putArray("alternatives");
        for (Alternative other : token.alternatives()) {
          alternatives
              .addObject()
              .put("id", other.id())
              .put("log_probability", other.logProbability());
        }
      }
    }
    Timing timing = result.timing();
    answer
        .putObject("milliseconds")
        .put("first_token", milliseconds(timing.firstToken()))
        .put("total", milliseconds(timing.total()));
    return answer;
  }

  /** How many tokens came, why no more, and how fast. */
  static String summary(GenerationResult result) {
    int tokens = result.tokens().size();
    double first = milliseconds(result.timing().firstToken());
    double rest = milliseconds(result.timing().total()) - first;
    return String.format(
        Locale.ROOT,
        "preamble: %d tokens (%s), first after %.1f ms%s",
        tokens,
        result.finishReason().name().toLowerCase(Locale.ROOT),
        first,
        tokens < 2 ? "" : String.format(Locale.ROOT, ", then %.2f ms each", rest / (tokens - 1)));
  }

  private static double milliseconds(Duration duration) {
    return duration.toNanos() / 1e6;
  }
}
