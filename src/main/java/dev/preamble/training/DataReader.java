package dev.preamble.training;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.model.TextTokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Reads JSON lines, {@code {"text","label"}} or {@code {"prompt","completion"}}, into token ids.
 *
 * <p>A text is put into the template, its label becomes the label's word behind a space. A
 * completion ends with the model's end-of-text token, where it has one, so that the model learns to
 * stop. Texts are tokenized together with what follows them, as the model will meet them.
 */
public final class DataReader {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final TextTokenizer tokenizer;
  private final DataOptions options;
  private final OptionalInt endOfText;
  private final Optional<LabelWords> labels;

  /**
   * @param endOfText the token that ends a completion, if any
   */
  public DataReader(TextTokenizer tokenizer, DataOptions options, OptionalInt endOfText) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.endOfText = endOfText;
    this.labels =
        options.labelWords().isEmpty()
            ? Optional.empty()
            : Optional.of(LabelWords.of(options.labelWords(), options.template(), tokenizer));
  }

  /**
   * Reads {@code file}.
   *
   * @throws TrainingException if it cannot be read, has more bad lines than allowed, or no row
   */
  public Dataset read(Path file) {
    try (Reader reader = Files.newBufferedReader(file)) {
      return read(file.getFileName().toString(), reader);
    } catch (NoSuchFileException fault) {
      throw new TrainingException(file + ": expected a file of JSON lines, found nothing", fault);
    } catch (CharacterCodingException fault) {
      throw new TrainingException(file + ": expected UTF-8 text, found other bytes", fault);
    } catch (IOException fault) {
      throw new TrainingException(file + ": cannot be read: " + fault, fault);
    }
  }

  /** Reads the lines of {@code source}, called {@code name} in messages. */
  public Dataset read(String name, Reader source) throws IOException {
    List<Example> examples = new ArrayList<>();
    List<Dataset.BadLine> bad = new ArrayList<>();
    BufferedReader lines = new BufferedReader(source);
    long number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        examples.add(example(JSON.readTree(line)));
      } catch (JacksonException fault) {
        bad.add(new Dataset.BadLine(number, "no JSON: " + fault.getOriginalMessage()));
      } catch (TrainingException fault) {
        bad.add(new Dataset.BadLine(number, fault.getMessage()));
      }
      if (bad.size() > options.maxBadLines()) {
        Dataset.BadLine last = bad.getLast();
        throw new TrainingException(
            "%s line %d: %s (bad lines: %d, allowed: %d; raise it with --max-bad-lines)"
                .formatted(name, last.number(), last.reason(), bad.size(), options.maxBadLines()));
      }
    }
    return new Dataset(name, examples, labels, bad);
  }

  private Example example(JsonNode row) {
    if (row.has("text") && row.has("label")) {
      return labelled(text(row, "text"), text(row, "label"));
    }
    if (row.has("prompt") && row.has("completion")) {
      return completed(text(row, "prompt"), text(row, "completion"));
    }
    List<String> fields = new ArrayList<>();
    row.fieldNames().forEachRemaining(fields::add);
    throw new TrainingException(
        "expected fields text and label, or prompt and completion; found " + fields);
  }

  private Example labelled(String text, String label) {
    LabelWords words =
        labels.orElseThrow(
            () ->
                new TrainingException(
                    "a row with a label needs --labels, such as --labels location=place,human=person"));
    int index = words.labels().indexOf(label);
    if (index < 0) {
      throw new TrainingException(
          "label: expected one of %s, found \"%s\"".formatted(words.labels(), label));
    }
    int[] prompt =
        last(tokenizer.encode(options.hardPrompt() + options.template().fill(text), true));
    return new Example(prompt, new int[] {words.tokens().get(index)}, OptionalInt.of(index));
  }

  private Example completed(String prompt, String completion) {
    String asked = options.hardPrompt() + prompt;
    int[] before = tokenizer.encode(asked, true);
    int[] whole = tokenizer.encode(asked + completion, true);
    int mismatch = Arrays.mismatch(before, whole);
    int start = mismatch < 0 ? before.length : mismatch;
    int length = whole.length - start + (endOfText.isPresent() ? 1 : 0);
    if (length == 0) {
      throw new TrainingException("completion: expected a text, found an empty one");
    }
    int[] labelled = Arrays.copyOfRange(whole, start, start + length);
    if (endOfText.isPresent()) {
      labelled[length - 1] = endOfText.getAsInt();
    }
    if (length >= options.maxTokens()) {
      throw new TrainingException(
          "completion: expected fewer than %d tokens (--max-tokens), found %d"
              .formatted(options.maxTokens(), length));
    }
    int[] kept = Arrays.copyOf(whole, start);
    int room = options.maxTokens() - length;
    return new Example(
        kept.length > room ? Arrays.copyOfRange(kept, kept.length - room, kept.length) : kept,
        labelled,
        OptionalInt.empty());
  }

  private int[] last(int[] tokens) {
    int room = options.maxTokens() - 1;
    return tokens.length > room
        ? Arrays.copyOfRange(tokens, tokens.length - room, tokens.length)
        : tokens;
  }

  private static String text(JsonNode row, String field) {
    JsonNode value = row.get(field);
    if (!value.isTextual()) {
      throw new TrainingException(
          "%s: expected a text, found %s".formatted(field, value.getNodeType()));
    }
    return value.textValue();
  }

  /**
   * Reads {@code label=word} pairs, separated by commas; a label alone is its own word.
   *
   * @throws TrainingException if a label stands twice
   */
  public static Map<String, String> labelWords(String pairs) {
    Map<String, String> words = new LinkedHashMap<>();
    for (String pair : pairs.split(",")) {
      int equals = pair.indexOf('=');
      String label = (equals < 0 ? pair : pair.substring(0, equals)).strip();
      String word = (equals < 0 ? pair : pair.substring(equals + 1)).strip();
      if (label.isEmpty() || word.isEmpty() || words.put(label, word) != null) {
        throw new TrainingException(
            "--labels %s: expected label=word pairs with each label once".formatted(pairs));
      }
    }
    return words;
  }
}
