package dev.preamble.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.ParserMessage;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.Score;
import dev.preamble.generation.Scorer;
import dev.preamble.model.FrozenModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * A file of texts, each scored for itself and printed as soon as it is: one text a line, or, where
 * the name ends in {@code .jsonl}, an object a line with {@code text} or {@code token_ids}. Blank
 * lines are passed over, and so is a byte order mark.
 */
final class ScoredFile {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHOWN = 60;

  private final Path file;
  private final FrozenModel model;
  private final OutputOptions output;
  private long texts;
  private long scored;
  private double sum;

  ScoredFile(Path file, FrozenModel model, OutputOptions output) {
    this.file = file;
    this.model = model;
    this.output = output;
  }

  /** Scores every line under {@code adapter}, then prints the sums of all. */
  void score(Scorer scorer, Optional<FittedAdapter> adapter) {
    try (BufferedReader lines = Files.newBufferedReader(file);
        Progress progress = Progress.of(output, "scoring", Files.size(file))) {
      long number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        String text = number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
        if (!text.isBlank()) {
          score(number, text, scorer, adapter);
        }
        progress.step(line.getBytes(StandardCharsets.UTF_8).length + 1L);
      }
    } catch (CharacterCodingException fault) {
      throw new PreambleException(file + ": expected UTF-8 text, found other bytes", fault);
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read %s: %s".formatted(file, WholeFile.reason(fault)), fault);
    }
    printTotal(adapter);
  }

  /**
   * A text to score.
   *
   * @param shown what a person knows it by: itself, or the line whose token ids it is
   */
  private record Text(int[] tokens, String shown) {}

  private void score(long number, String line, Scorer scorer, Optional<FittedAdapter> adapter) {
    Text text;
    Score score;
    try {
      text = text(line);
      score = scorer.score(text.tokens(), adapter);
    } catch (PreambleException fault) {
      throw new PreambleException(
          "%s line %,d: %s".formatted(file, number, fault.getMessage()), fault);
    }
    texts++;
    scored += score.scored();
    sum += score.sum();
    if (output.isJson()) {
      ObjectNode report = JsonNodeFactory.instance.objectNode().put("line", number);
      ScoreReport.add(score, report);
      output.out().println(report);
    } else {
      output
          .out()
          .printf(
              "%6d  %12s of %4d tokens, perplexity %s  %s%n",
              number,
              ScoreReport.shown(OptionalDouble.of(score.sum())),
              score.scored(),
              ScoreReport.shown(score.perplexity()),
              Pieces.visible(beginning(text.shown())));
    }
    output.out().flush();
  }

  private static String beginning(String text) {
    return text.codePointCount(0, text.length()) > SHOWN
        ? text.substring(0, text.offsetByCodePoints(0, SHOWN)) + "…"
        : text;
  }

  private Text encoded(String text) {
    return new Text(model.tokenizer().encode(text, true), text);
  }

  private Text text(String line) {
    if (!file.toString().endsWith(".jsonl")) {
      return encoded(line);
    }
    JsonNode row = row(line);
    if (row.path("text").isTextual() && !row.get("text").textValue().isEmpty()) {
      return encoded(row.get("text").textValue());
    }
    JsonNode ids = row.path("token_ids");
    if (ids.isArray() && ids.valueStream().allMatch(JsonNode::isInt)) {
      int[] tokens = IntStream.range(0, ids.size()).map(i -> ids.get(i).intValue()).toArray();
      return new Text(tokens, line);
    }
    throw new PreambleException(
        "expected an object with a string \"text\" that is not empty, or with \"token_ids\", a list of numbers");
  }

  private static JsonNode row(String line) {
    try {
      return JSON.readTree(line);
    } catch (JacksonException fault) {
      throw new PreambleException(
          "expected JSON: " + ParserMessage.brief(fault.getOriginalMessage()), fault);
    }
  }

  private void printTotal(Optional<FittedAdapter> adapter) {
    OptionalDouble perplexity =
        scored == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.exp(-sum / scored));
    if (output.isJson()) {
      ObjectNode report = JsonNodeFactory.instance.objectNode();
      ObjectNode total = report.putObject("total").put("texts", texts);
      FittedAdapters.describe(adapter, total);
      ScoreReport.sums(scored, sum, perplexity, total);
      output.out().println(report);
    } else {
      output
          .out()
          .printf(
              "%d texts: log probability %s of %d tokens, perplexity %s%n",
              texts,
              ScoreReport.shown(OptionalDouble.of(sum)),
              scored,
              ScoreReport.shown(perplexity));
    }
    output.out().flush();
  }
}
