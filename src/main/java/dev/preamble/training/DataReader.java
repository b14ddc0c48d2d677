package dev.preamble.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.ModelException;
import dev.preamble.model.TextTokenizer;
import dev.preamble.training.data.Place;
import dev.preamble.training.data.RowFile;
import dev.preamble.training.data.RowFormat;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BiConsumer;

/**
 * Reads rows {@code text} and {@code label}, {@code prompt} and {@code completion}, or {@code
 * messages} into token ids, from JSON lines or, the last kind excepted, from CSV or TSV with named
 * columns.
 */
public final class DataReader {
  /** Tokens kept in memory, 64 MB of them. */
  private static final long KEPT_TOKENS = 16L << 20;

  /** Bad lines that are told one by one; the others are counted. */
  private static final int TOLD = 100;

  private final RowTokenizer tokenizer;
  private final DataOptions options;
  private final long keptTokens;

  private DataReader(RowTokenizer tokenizer, DataOptions options, long keptTokens) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.keptTokens = keptTokens;
  }

  /**
   * A reader of texts, without a chat template.
   *
   * @param endOfText the token that ends a completion, if any
   */
  public DataReader(TextTokenizer tokenizer, DataOptions options, OptionalInt endOfText) {
    this(
        new RowTokenizer(
            tokenizer,
            options,
            endOfText,
            new ConversationTokenizer(
                conversation -> {
                  throw new TrainingException("a row with messages needs a chat template");
                },
                tokenizer,
                options)),
        options,
        KEPT_TOKENS);
  }

  /** A reader of rows for {@code model}, conversations included where it has a chat template. */
  public static DataReader of(FrozenModel model, DataOptions options) {
    TextTokenizer tokenizer = model.tokenizer();
    return new DataReader(
        new RowTokenizer(
            tokenizer,
            options,
            model.manifest().specialTokens().endOfText(),
            new ConversationTokenizer(model::chatTemplate, tokenizer, options)),
        options,
        KEPT_TOKENS);
  }

  /** This reader, keeping {@code tokens} in memory. */
  DataReader keeping(long tokens) {
    return new DataReader(tokenizer, options, tokens);
  }

  /**
   * Reads {@code file}, whose name's ending tells the format.
   *
   * @throws TrainingException if it cannot be read, has more bad lines than allowed, or no row
   * @throws ModelException if it has conversations and the model no template for them
   */
  public Dataset read(Path file) {
    RowFile opened = open(file);
    try {
      IndexedExamples examples = new IndexedExamples(opened, tokenizer, keptTokens);
      BadLines bad = new BadLines(file.toString());
      Rows rows = new Rows(bad, examples::add);
      String digest = opened.scan(rows);
      if (examples.kept() == examples.size()) {
        opened.close();
      }
      return dataset(file.getFileName().toString(), examples, rows, digest);
    } catch (IOException fault) {
      opened.close();
      throw unreadable(file, fault);
    } catch (PreambleException fault) {
      opened.close();
      throw fault;
    }
  }

  private static RowFile open(Path file) {
    try {
      return RowFile.open(file);
    } catch (NoSuchFileException fault) {
      throw new TrainingException(file + ": expected a file of rows, found nothing", fault);
    } catch (IOException fault) {
      throw unreadable(file, fault);
    }
  }

  private static TrainingException unreadable(Path file, IOException fault) {
    return new TrainingException(
        "%s: cannot be read: %s".formatted(file, WholeFile.reason(fault)), fault);
  }

  /** Reads the JSON lines of {@code source}, called {@code name} in messages. */
  public Dataset read(String name, Reader source) throws IOException {
    StringWriter text = new StringWriter();
    source.transferTo(text);
    List<Example> examples = new ArrayList<>();
    BadLines bad = new BadLines(name);
    Rows rows = new Rows(bad, (place, example) -> examples.add(example));
    String digest =
        RowFile.scan(
            name,
            new ByteArrayInputStream(text.toString().getBytes(StandardCharsets.UTF_8)),
            RowFormat.JSON_LINES,
            rows);
    return dataset(name, examples, rows, digest);
  }

  private Dataset dataset(String name, List<Example> examples, Rows rows, String digest) {
    BadLines bad = rows.bad;
    return new Dataset(
        name, examples, tokenizer.labels(), bad.told, bad.count, rows.shortened, digest);
  }

  private final class Rows implements RowFile.Visitor {
    private final BadLines bad;
    private final BiConsumer<Place, Example> examples;
    private long shortened;

    Rows(BadLines bad, BiConsumer<Place, Example> examples) {
      this.bad = bad;
      this.examples = examples;
    }

    @Override
    public void row(Place place, ObjectNode fields) {
      Example example = tokenizer.example(fields);
      if (example.cut() > 0) {
        shortened++;
      }
      examples.accept(place, example);
    }

    @Override
    public void bad(Place place, String reason) {
      bad.add(place.line(), reason);
    }
  }

  /** The lines left out, up to as many as are allowed. */
  private final class BadLines {
    private final String source;
    private final List<Dataset.BadLine> told = new ArrayList<>();
    private long count;

    BadLines(String source) {
      this.source = source;
    }

    void add(long line, String reason) {
      count++;
      if (told.size() < TOLD) {
        told.add(new Dataset.BadLine(line, reason));
      }
      if (count > options.maxBadLines()) {
        throw new TrainingException(
            "%s line %d: %s (bad lines: %d, allowed: %d; raise it with --max-bad-lines)"
                .formatted(source, line, reason, count, options.maxBadLines()));
      }
    }
  }

  /**
   * Reads {@code label=word} pairs, separated by commas; a label alone is its own word.
   *
   * @throws TrainingException if a label stands twice
   */
  public static Map<String, String> labelWords(String pairs) {
    return pairs("--labels", "label=word", pairs);
  }

  /**
   * Reads {@code field=column} pairs, separated by commas.
   *
   * @throws TrainingException if a field stands twice
   */
  public static Map<String, String> columns(String pairs) {
    return pairs("--columns", "field=column", pairs);
  }

  private static Map<String, String> pairs(String option, String form, String pairs) {
    Map<String, String> words = new LinkedHashMap<>();
    for (String pair : pairs.split(",")) {
      int equals = pair.indexOf('=');
      String label = (equals < 0 ? pair : pair.substring(0, equals)).strip();
      String word = (equals < 0 ? pair : pair.substring(equals + 1)).strip();
      if (label.isEmpty() || word.isEmpty() || words.put(label, word) != null) {
        throw new TrainingException(
            "%s %s: expected %s pairs with each %s once"
                .formatted(option, pairs, form, form.substring(0, form.indexOf('='))));
      }
    }
    return words;
  }
}
