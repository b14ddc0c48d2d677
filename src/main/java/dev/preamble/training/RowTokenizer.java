package dev.preamble.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.TextTokenizer;
import dev.preamble.training.data.BadRowException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The fields of a row to token ids.
 *
 * <p>A text is put into the template, its label becomes the label's word behind a space. A
 * completion ends with the model's end-of-text token, where it has one, so that the model learns to
 * stop. Texts are tokenized together with what follows them, as the model will meet them.
 */
final class RowTokenizer {
  private static final String TEXT = "text";
  private static final String LABEL = "label";
  private static final String PROMPT = "prompt";
  private static final String COMPLETION = "completion";
  private static final String MESSAGES = "messages";
  private static final String TASK = "task";

  private final TextTokenizer tokenizer;
  private final DataOptions options;
  private final OptionalInt endOfText;
  private final Optional<LabelWords> labels;
  private final ConversationTokenizer conversations;

  RowTokenizer(
      TextTokenizer tokenizer,
      DataOptions options,
      OptionalInt endOfText,
      ConversationTokenizer conversations) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.endOfText = endOfText;
    this.conversations = conversations;
    this.labels =
        options.labelWords().isEmpty()
            ? Optional.empty()
            : Optional.of(LabelWords.of(options.labelWords(), options.template(), tokenizer));
  }

  /** The labels that rows may have. */
  Optional<LabelWords> labels() {
    return labels;
  }

  /**
   * The row as tokens, of the task that its field {@code task} numbers, else of the first.
   *
   * @throws BadRowException if the fields are not those of a row
   */
  Example example(ObjectNode row) {
    Example example = content(row);
    return has(row, TASK) ? example.ofTask(task(row)) : example;
  }

  private int task(ObjectNode row) {
    String number = row.get(options.column(TASK)).asText();
    if (!number.matches("[0-9]{1,6}")) {
      throw new BadRowException(
          "%s: expected the number of a task, from 0 on, found %s"
              .formatted(options.column(TASK), number));
    }
    return Integer.parseInt(number);
  }

  private Example content(ObjectNode row) {
    if (has(row, TEXT) && has(row, LABEL)) {
      return labelled(text(row, TEXT), text(row, LABEL));
    }
    if (has(row, PROMPT) && has(row, COMPLETION)) {
      return completed(text(row, PROMPT), text(row, COMPLETION));
    }
    if (has(row, MESSAGES)) {
      return conversations.example(row.get(options.column(MESSAGES)), row.path("tools"));
    }
    List<String> fields = new ArrayList<>();
    row.fieldNames().forEachRemaining(fields::add);
    throw new BadRowException(
        "expected fields %s and %s, or %s and %s, or %s; found %s; --columns says which of those is which, as in text=Text"
            .formatted(
                options.column(TEXT),
                options.column(LABEL),
                options.column(PROMPT),
                options.column(COMPLETION),
                options.column(MESSAGES),
                fields));
  }

  private Example labelled(String text, String label) {
    LabelWords words =
        labels.orElseThrow(
            () ->
                new BadRowException(
                    "a row with a label needs --labels, such as --labels location=place,human=person"));
    int index = words.labels().indexOf(label);
    if (index < 0) {
      throw new BadRowException(
          "label: expected one of %s, found \"%s\"".formatted(words.labels(), label));
    }
    return example(
        tokenizer.encode(options.hardPrompt() + options.template().fill(text), true),
        new int[] {words.tokens().get(index)},
        OptionalInt.of(index));
  }

  private Example completed(String prompt, String completion) {
    String asked = options.hardPrompt() + prompt;
    int[] before = tokenizer.encode(asked, true);
    int[] whole = tokenizer.encode(asked + completion, true);
    int mismatch = Arrays.mismatch(before, whole);
    int start = mismatch < 0 ? before.length : mismatch;
    int length = whole.length - start + (endOfText.isPresent() ? 1 : 0);
    if (length == 0) {
      throw new BadRowException("completion: expected a text, found an empty one");
    }
    int[] labelled = Arrays.copyOfRange(whole, start, start + length);
    if (endOfText.isPresent()) {
      labelled[length - 1] = endOfText.getAsInt();
    }
    if (length >= options.maxTokens()) {
      throw new BadRowException(
          "completion: expected fewer than %d tokens (--max-tokens), found %d"
              .formatted(options.maxTokens(), length));
    }
    return example(Arrays.copyOf(whole, start), labelled, OptionalInt.empty());
  }

  /** A row with as much of the prompt's end as there is room for. */
  private Example example(int[] prompt, int[] completion, OptionalInt label) {
    int cut = Math.max(0, prompt.length + completion.length - options.maxTokens());
    int[] end = Arrays.copyOfRange(prompt, cut, prompt.length);
    return new Example(end, completion, new BitSet(), label, 0, cut);
  }

  private boolean has(ObjectNode row, String field) {
    return row.has(options.column(field));
  }

  private String text(ObjectNode row, String field) {
    JsonNode value = row.get(options.column(field));
    if (!value.isTextual()) {
      throw new BadRowException(
          "%s: expected a text, found %s".formatted(options.column(field), value.getNodeType()));
    }
    return value.textValue();
  }
}
