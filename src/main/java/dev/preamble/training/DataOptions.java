package dev.preamble.training;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How rows of data become tokens.
 *
 * @param hardPrompt a text that is put before every row, possibly empty
 * @param template how a row's text is put to the model
 * @param labelWords the word for each label, empty when the data has no labels
 * @param maxTokens the longest row; longer prompts keep their end
 * @param maxBadLines lines that may be unusable before reading fails
 */
public record DataOptions(
    String hardPrompt,
    Template template,
    Map<String, String> labelWords,
    int maxTokens,
    int maxBadLines) {
  /** Refuses sizes that leave nothing. */
  public DataOptions {
    labelWords = new LinkedHashMap<>(labelWords);
    if (maxTokens < 2) {
      throw new TrainingException(
          "--max-tokens: expected 2 at least, one for the text and one for what follows, found "
              + maxTokens);
    }
    if (maxBadLines < 0) {
      throw new TrainingException("--max-bad-lines: expected 0 or more, found " + maxBadLines);
    }
  }

  /** Texts as they are, no labels, rows of at most {@code maxTokens}, every line usable. */
  public static DataOptions plain(int maxTokens) {
    return new DataOptions("", new Template(Template.PLACE), Map.of(), maxTokens, 0);
  }

  /** These options with {@code text} before every row. */
  public DataOptions withHardPrompt(String text) {
    return new DataOptions(text, template, labelWords, maxTokens, maxBadLines);
  }
}
