package dev.preamble.training;

import dev.preamble.model.TextTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The labels of a classification task, each with the word that the model says for it. A word is one
 * token of the vocabulary after the template.
 *
 * @param labels the labels as they stand in the data, in order
 * @param words the word of each
 * @param tokens the token of each
 */
public record LabelWords(List<String> labels, List<String> words, List<Integer> tokens) {
  /** Copies the lists. */
  public LabelWords {
    labels = List.copyOf(labels);
    words = List.copyOf(words);
    tokens = List.copyOf(tokens);
  }

  /**
   * Looks the words up.
   *
   * @param words label to word, such as {@code location=place}
   * @param template what stands before the word
   * @throws TrainingException if a word is not one token, or two labels share one
   */
  public static LabelWords of(
      Map<String, String> words, Template template, TextTokenizer tokenizer) {
    String before = template.fill("x");
    int[] context = tokenizer.encode(before, true);
    Map<Integer, String> seen = new LinkedHashMap<>();
    words.forEach(
        (label, word) -> {
          int[] whole = tokenizer.encode(before + " " + word, true);
          boolean follows =
              whole.length == context.length + 1
                  && Arrays.equals(whole, 0, context.length, context, 0, context.length);
          if (!follows) {
            throw new TrainingException(
                "Label %s: expected a word that is one token after \"%s\", found \"%s\" (%d tokens); choose a shorter or more common word"
                    .formatted(label, template.text(), word, whole.length - context.length));
          }
          String other = seen.putIfAbsent(whole[whole.length - 1], label);
          if (other != null) {
            throw new TrainingException(
                "Labels %s and %s: expected a word each, found \"%s\" for both"
                    .formatted(other, label, word));
          }
        });
    return new LabelWords(
        new ArrayList<>(words.keySet()),
        new ArrayList<>(words.values()),
        new ArrayList<>(seen.keySet()));
  }

  /** Number of labels. */
  public int size() {
    return labels.size();
  }
}
