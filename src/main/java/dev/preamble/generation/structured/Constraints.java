package dev.preamble.generation.structured;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.ParserMessage;
import dev.preamble.generation.RequestException;
import dev.preamble.generation.sampling.Constraint;
import dev.preamble.model.TokenBytes;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * Compiles what texts must be into constraints on one vocabulary's tokens. Those compiled last are
 * kept and given again. May be used by several threads.
 *
 * <p>Any text that a constraint allows can be written with the vocabulary, and no token that it
 * allows leads where no text ends: a text is built of bytes that are a token each, longer tokens
 * being shortcuts.
 */
public final class Constraints {
  /** Field of a request, in refusals, that lists the texts to choose from. */
  public static final String CHOICE = "choice";

  /** Field of a request, in refusals, with a regular expression. */
  public static final String REGEX = "regex";

  /** Field of a request, in refusals, with a JSON schema. */
  public static final String JSON_SCHEMA = "json_schema";

  private static final int KEPT = 8;
  private static final int MOST_CHOICES = 10_000;
  private static final int LONGEST = 1 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private record Key(String field, String source) {}

  private final TokenBytes bytes;
  private final TokenTrie trie;
  private final SequencedMap<Key, Constraint> kept = new LinkedHashMap<>(KEPT, 0.75f, true);

  /** Constraints on the tokens of {@code bytes}. */
  public Constraints(TokenBytes bytes) {
    this.bytes = bytes;
    this.trie = new TokenTrie(bytes);
  }

  /**
   * The text is one of {@code texts}.
   *
   * @throws RequestException if there are none, or too many
   */
  public Constraint choice(List<String> texts) {
    if (texts.isEmpty() || texts.size() > MOST_CHOICES || texts.contains("")) {
      throw new RequestException(
          CHOICE,
          "%s: expected from 1 to %,d texts that are not empty, found %s"
              .formatted(CHOICE, MOST_CHOICES, texts.contains("") ? "an empty one" : texts.size()));
    }
    return compiled(
        CHOICE,
        JSON.valueToTree(texts).toString(),
        () -> new TextPattern.Either(texts.stream().map(TextPattern::literal).toList()));
  }

  /**
   * The whole text matches {@code expression}, of ECMAScript's regular ones.
   *
   * @throws RequestException if it is malformed, uses what is not had here, or is too large
   */
  public Constraint regex(String expression) {
    return compiled(REGEX, expression, () -> RegexParser.matching(expression));
  }

  /**
   * The text is JSON that satisfies {@code schema}.
   *
   * @throws RequestException if it is malformed, uses what is not had here, or is too large
   */
  public Constraint jsonSchema(JsonNode schema) {
    return compiled(JSON_SCHEMA, schema.toString(), () -> JsonSchema.texts(schema));
  }

  /** As {@link #jsonSchema(JsonNode)} with the schema as text. */
  public Constraint jsonSchema(String schema) {
    try {
      return jsonSchema(JSON.readTree(schema));
    } catch (JacksonException fault) {
      throw new RequestException(
          JSON_SCHEMA,
          "%s: expected a schema in JSON: %s"
              .formatted(JSON_SCHEMA, ParserMessage.brief(fault.getOriginalMessage())));
    }
  }

  /** The text is a JSON object, with values nested at most three deep. */
  public Constraint jsonObject() {
    return jsonSchema(JSON.createObjectNode().put("type", "object"));
  }

  private Constraint compiled(String field, String source, Supplier<TextPattern> pattern) {
    if (source.length() > LONGEST) {
      throw new RequestException(
          field, "%s: expected at most %,d characters".formatted(field, LONGEST));
    }
    Key key = new Key(field, source);
    synchronized (kept) {
      Optional<Constraint> known = Optional.ofNullable(kept.get(key));
      if (known.isPresent()) {
        return known.get();
      }
    }
    Constraint made = compile(field, pattern);
    synchronized (kept) {
      kept.put(key, made);
      if (kept.size() > KEPT) {
        kept.pollFirstEntry();
      }
    }
    return made;
  }

  private Constraint compile(String field, Supplier<TextPattern> pattern) {
    try {
      BitSet writable = trie.singleBytes();
      ByteDfa dfa = ByteDfa.of(Nfa.of(pattern.get()), writable);
      if (dfa.ends(0)) {
        throw new RequestException(
            field,
            "%s: no text but the empty one satisfies it%s"
                .formatted(
                    field,
                    writable.cardinality() < 256
                        ? " that the model's tokens, which lack %d of 256 bytes, can write"
                            .formatted(256 - writable.cardinality())
                        : ""));
      }
      return new TokenAutomaton(dfa, trie, bytes);
    } catch (TooLargeException fault) {
      throw new RequestException(
          field,
          "%s: it takes %s; shorten its repetitions and lengths"
              .formatted(field, fault.getMessage()));
    } catch (RegexException | SchemaException fault) {
      throw new RequestException(field, "%s: %s".formatted(field, fault.getMessage()));
    }
  }
}
