package dev.preamble.model;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.ParserMessage;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The bytes that each token of a vocabulary stands for in a text: the bytes of a text's tokens, one
 * after the other, are the text in UTF-8, a leading space excepted where the tokenizer drops it.
 * Read from {@code tokenizer.json}, whose decoder says how. Special tokens have none.
 */
public final class TokenBytes {
  private static final long LARGEST_FILE = 256L << 20;
  private static final byte[] NONE = {};

  private final byte[][] bytes;
  private final boolean dropsLeadingSpace;

  private TokenBytes(byte[][] bytes, boolean dropsLeadingSpace) {
    this.bytes = bytes;
    this.dropsLeadingSpace = dropsLeadingSpace;
  }

  /**
   * Reads the vocabulary of {@code file}.
   *
   * @param size tokens that the model has; those that the file lacks have no bytes
   * @throws ModelException if the file is not a tokenizer, or its tokens do not stand for bytes
   */
  public static TokenBytes read(Path file, int size) {
    JsonNode json = parse(file);
    TokenDecoding decoding = TokenDecoding.of(file, json.path("decoder"));
    byte[][] bytes = new byte[size][];
    JsonNode vocabulary = json.path("model").path("vocab");
    if (vocabulary.isObject()) {
      vocabulary
          .properties()
          .forEach(entry -> put(bytes, entry.getValue().asInt(-1), decoding.bytes(entry.getKey())));
    } else {
      List<String> pieces = new ArrayList<>();
      vocabulary.forEach(entry -> pieces.add(entry.path(0).asText()));
      for (int id = 0; id < pieces.size(); id++) {
        put(bytes, id, decoding.bytes(pieces.get(id)));
      }
    }
    for (JsonNode added : json.path("added_tokens")) {
      boolean special = added.path("special").asBoolean();
      put(
          bytes,
          added.path("id").asInt(-1),
          special ? NONE : decoding.bytes(added.path("content").asText()));
    }
    for (int id = 0; id < size; id++) {
      bytes[id] = Optional.ofNullable(bytes[id]).orElse(NONE);
    }
    return new TokenBytes(bytes, decoding.dropsLeadingSpace());
  }

  private static void put(byte[][] bytes, int id, byte[] found) {
    if (id >= 0 && id < bytes.length) {
      bytes[id] = found;
    }
  }

  private static JsonNode parse(Path file) {
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw new ModelException(
            "%s: expected at most %,d bytes, found %,d"
                .formatted(file, LARGEST_FILE, Files.size(file)));
      }
      return new ObjectMapper().readTree(Files.readAllBytes(file));
    } catch (JacksonException fault) {
      throw new ModelException(
          file + ": expected JSON: " + ParserMessage.brief(fault.getOriginalMessage()), fault);
    } catch (IOException fault) {
      throw new ModelException(file + ": cannot be read: " + WholeFile.reason(fault), fault);
    }
  }

  /** Number of tokens. */
  public int size() {
    return bytes.length;
  }

  /** The bytes of {@code token}, possibly none; a copy. */
  public byte[] of(int token) {
    return bytes[token].clone();
  }

  /** The bytes of {@code token} as text, with a mark for what is no whole character. */
  public String text(int token) {
    return new String(bytes[token], StandardCharsets.UTF_8);
  }

  /** Whether a space that begins a text is no part of it. */
  public boolean dropsLeadingSpace() {
    return dropsLeadingSpace;
  }
}
