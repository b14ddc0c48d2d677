package dev.preamble.generation;

import dev.preamble.model.TextTokenizer;
import java.util.Arrays;
import java.util.List;

/**
 * A text and the labels that may follow it, as tokens. Each label is tokenized together with the
 * text, as the model would meet them; what all of these have in common at their beginning is the
 * text, what remains of each is the label.
 *
 * @param whole the tokens of the text with each label, in the order of the labels
 * @param common tokens that all of them begin with
 */
public record Candidates(List<int[]> whole, int common) {
  /** Refuses what leaves a label without a token, or without one before it. */
  public Candidates {
    whole = List.copyOf(whole);
    if (whole.size() < 2) {
      throw new RequestException("labels", "labels: expected at least two, found " + whole.size());
    }
    if (common < 1) {
      throw new RequestException(
          "text", "text: expected at least one token before the label, found none");
    }
    for (int[] each : whole) {
      if (each.length <= common) {
        throw new RequestException(
            "labels", "labels: expected labels of which none begins another, and none is empty");
      }
    }
  }

  /** {@code text} with each of {@code labels} right behind it, spaces included. */
  public static Candidates of(TextTokenizer tokenizer, String text, List<String> labels) {
    List<int[]> whole = labels.stream().map(label -> tokenizer.encode(text + label, true)).toList();
    int common = whole.isEmpty() ? 0 : whole.getFirst().length;
    for (int[] each : whole) {
      int mismatch = Arrays.mismatch(each, whole.getFirst());
      common = Math.min(common, mismatch < 0 ? each.length : mismatch);
    }
    return new Candidates(whole, common);
  }

  /** Number of labels. */
  int labels() {
    return whole.size();
  }

  /** Whether each label is one token, so that the text alone tells all of them. */
  boolean singleTokens() {
    return whole.stream().allMatch(each -> each.length == common + 1);
  }

  /** Tokens of the longest text with its label. */
  int longest() {
    return whole.stream().mapToInt(each -> each.length).max().orElseThrow();
  }
}
