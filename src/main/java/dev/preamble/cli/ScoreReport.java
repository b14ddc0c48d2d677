package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.Score;
import dev.preamble.generation.ScoredToken;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.StringJoiner;

/** Scores as JSON and as text for people. */
final class ScoreReport {
  private ScoreReport() {}

  /** Puts the tokens and the sums of {@code score} into {@code report}. */
  static void add(Score score, ObjectNode report) {
    ArrayNode tokens = report.putArray("tokens");
    for (ScoredToken token : score.tokens()) {
      ObjectNode each = tokens.addObject().put("id", token.id()).put("piece", token.piece());
      put(each, "log_probability", token.logProbability());
    }
    sums(score.scored(), score.sum(), score.perplexity(), report);
  }

  /** Puts the sums of a text, or of several, into {@code report}. */
  static void sums(long scored, double sum, OptionalDouble perplexity, ObjectNode report) {
    report.put("scored", scored);
    report.put("log_probability", sum);
    put(report, "perplexity", perplexity);
  }

  private static void put(ObjectNode node, String name, OptionalDouble value) {
    if (value.isPresent()) {
      node.put(name, value.getAsDouble());
    } else {
      node.putNull(name);
    }
  }

  /** A line a token, then the sums. */
  static String text(Score score) {
    StringJoiner lines = new StringJoiner(System.lineSeparator());
    for (ScoredToken token : score.tokens()) {
      lines.add(
          "%8d  %10s  %s"
              .formatted(token.id(), shown(token.logProbability()), Pieces.visible(token.piece())));
    }
    lines.add(
        "log probability %s of %d tokens, perplexity %s"
            .formatted(
                shown(OptionalDouble.of(score.sum())), score.scored(), shown(score.perplexity())));
    return lines.toString();
  }

  /** Four decimals, or a dash. */
  static String shown(OptionalDouble value) {
    return value.isEmpty() ? "-" : String.format(Locale.ROOT, "%.4f", value.getAsDouble());
  }
}
