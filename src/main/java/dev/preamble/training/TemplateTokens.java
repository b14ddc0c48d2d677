package dev.preamble.training;

import dev.preamble.model.TextTokenizer;

/**
 * The tokens that stand around the text of a labelled row: the template's, and those that begin a
 * text. A token that is partly the text's is the text's.
 */
public final class TemplateTokens {
  private final int[] before;
  private final int[] after;

  private TemplateTokens(int[] before, int[] after) {
    this.before = before;
    this.after = after;
  }

  /** Those of {@code template}. */
  public static TemplateTokens of(Template template, TextTokenizer tokenizer) {
    return new TemplateTokens(
        tokenizer.encode(template.before(), true), tokenizer.encode(template.after(), false));
  }

  /** How many tokens stand before the text of {@code row}; none where it has no label. */
  public int before(Example row) {
    int[] prompt = row.prompt();
    int count = 0;
    while (row.label().isPresent()
        && count < Math.min(before.length, prompt.length)
        && prompt[count] == before[count]) {
      count++;
    }
    return count;
  }

  /** How many stand behind it; none where it has no label. */
  public int after(Example row) {
    int[] prompt = row.prompt();
    int most = Math.min(after.length, prompt.length - before(row));
    int count = 0;
    while (row.label().isPresent()
        && count < most
        && prompt[prompt.length - 1 - count] == after[after.length - 1 - count]) {
      count++;
    }
    return count;
  }
}
