package dev.preamble.training;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How rows of data become tokens.
 *
 * @param template how a row's text is put to the model
 * @param labelWords the word for each label, empty when the data has no labels
 * @param maxTokens the longest row; longer prompts keep their end
 * @param maxBadLines lines that may be unusable before reading fails
 */
public record DataOptions(
    Template template, Map<String, String> labelWords, int maxTokens, int maxBadLines) {
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

  /** These options with rows of at most {@code tokens}. */
  public DataOptions withMaxTokens(int tokens) {
    return new DataOptions(template, labelWords, tokens, maxBadLines);
  }
}
