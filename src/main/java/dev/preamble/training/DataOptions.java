package dev.preamble.training;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How rows of data become tokens.
 *
 * @param hardPrompt a text that is put before every row, possibly empty
 * @param template how a row's text is put to the model
 * @param labelWords the word for each label, empty when the data has no labels
 * @param columns the file's own name for a field, where it differs: {@code text} to {@code
 *     question}
 * @param answers what is learned of a conversation
 * @param maxTokens the longest row; longer prompts keep their end
 * @param maxBadLines lines that may be unusable before reading fails
 */
public record DataOptions(
    String hardPrompt,
    Template template,
    Map<String, String> labelWords,
    Map<String, String> columns,
    Answers answers,
    int maxTokens,
    long maxBadLines) {
  /** What is learned of a conversation. */
  public enum Answers {
    /** All that the assistant says, as TRL's {@code assistant_only_loss} has it. */
    ALL,
    /** What the assistant says last. */
    LAST
  }

  /** Refuses sizes that leave nothing. */
  public DataOptions {
    labelWords = new LinkedHashMap<>(labelWords);
    columns = Map.copyOf(columns);
    if (maxTokens < 2) {
      throw new TrainingException(
          "--max-tokens: expected 2 at least, one for the text and one for what follows, found "
              + maxTokens);
    }
    if (maxBadLines < 0) {
      throw new TrainingException("--max-bad-lines: expected 0 or more, found " + maxBadLines);
    }
  }

  /** Fields under their own names, all answers of a conversation. */
  public DataOptions(
      String hardPrompt,
      Template template,
      Map<String, String> labelWords,
      int maxTokens,
      long maxBadLines) {
    this(hardPrompt, template, labelWords, Map.of(), Answers.ALL, maxTokens, maxBadLines);
  }

  /** Texts as they are, no labels, rows of at most {@code maxTokens}, every line usable. */
  public static DataOptions plain(int maxTokens) {
    return new DataOptions("", new Template(Template.PLACE), Map.of(), maxTokens, 0);
  }

  /** These options with {@code text} before every row. */
  public DataOptions withHardPrompt(String text) {
    return new DataOptions(text, template, labelWords, columns, answers, maxTokens, maxBadLines);
  }

  /** These options for a file that calls fields as {@code names} says. */
  public DataOptions withColumns(Map<String, String> names) {
    return new DataOptions(
        hardPrompt, template, labelWords, names, answers, maxTokens, maxBadLines);
  }

  /** These options with {@code learned} of a conversation. */
  public DataOptions withAnswers(Answers learned) {
    return new DataOptions(
        hardPrompt, template, labelWords, columns, learned, maxTokens, maxBadLines);
  }

  /** What the file calls {@code field}. */
  String column(String field) {
    return columns.getOrDefault(field, field);
  }
}
