package dev.preamble.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a tokenizer's decoder turns a token's name into bytes, for decoders that treat each token
 * alone: byte-level ones, and those that replace texts and have byte tokens such as {@code <0x0A>}.
 *
 * @param byteLevel whether each character of a name is a byte (GPT-2's table)
 * @param byteFallback whether a name of the form {@code <0xNN>} is that byte
 * @param replacements texts of a name that stand for others, in order
 * @param dropsLeadingSpace whether a space that begins a text is no part of it
 */
record TokenDecoding(
    boolean byteLevel,
    boolean byteFallback,
    List<Replacement> replacements,
    boolean dropsLeadingSpace) {
  private static final String METASPACE = "▁";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int[] BYTES_OF_CHARACTERS = bytesOfCharacters();

  /** A text that stands for another. */
  record Replacement(String from, String to) {}

  /**
   * Whether the decoder of a {@code tokenizer.json} treats each token alone, as far as is known.
   */
  static boolean isEachTokenAlone(Path file) throws IOException {
    try (JsonParser json = JSON.createParser(file.toFile())) {
      json.nextToken();
      for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
        json.nextToken();
        if (name.equals("decoder")) {
          of(file, json.readValueAsTree());
          return true;
        }
        json.skipChildren();
      }
      return false;
    } catch (ModelException unknown) {
      return false;
    }
  }

  static TokenDecoding of(Path file, JsonNode decoder) {
    List<JsonNode> steps = new ArrayList<>();
    flatten(decoder, steps);
    boolean byteLevel = false;
    boolean byteFallback = false;
    boolean drops = false;
    boolean fused = false;
    List<Replacement> replacements = new ArrayList<>();
    for (JsonNode step : steps) {
      switch (step.path("type").asText()) {
        case "ByteLevel" -> byteLevel = true;
        case "ByteFallback" -> byteFallback = true;
        case "Fuse" -> fused = true;
        case "Replace" -> {
          String from = step.path("pattern").path("String").asText();
          require(file, step, !from.isEmpty() && (!fused || from.length() == 1));
          replacements.add(new Replacement(from, step.path("content").asText()));
        }
        case "Metaspace" -> {
          replacements.add(new Replacement(step.path("replacement").asText(METASPACE), " "));
          drops |=
              !step.path("prepend_scheme").asText().equals("never")
                  && step.path("add_prefix_space").asBoolean(true);
        }
        case "Strip" -> {
          require(file, step, step.path("content").asText().equals(" "));
          require(file, step, step.path("stop").asInt() == 0 && step.path("start").asInt() <= 1);
          drops |= step.path("start").asInt() == 1;
        }
        default -> require(file, step, false);
      }
    }
    return new TokenDecoding(byteLevel, byteFallback, List.copyOf(replacements), drops);
  }

  private static void flatten(JsonNode decoder, List<JsonNode> steps) {
    if (decoder.path("type").asText().equals("Sequence")) {
      decoder.path("decoders").forEach(each -> flatten(each, steps));
    } else {
      steps.add(decoder);
    }
  }

  private static void require(Path file, JsonNode step, boolean holds) {
    if (!holds) {
      throw new ModelException(
          "%s: the bytes of single tokens are known for decoders of byte-level and byte-fallback tokenizers; found %s"
              .formatted(file, step.isMissingNode() || step.isNull() ? "no decoder" : step));
    }
  }

  /** The bytes of the token called {@code name}. */
  byte[] bytes(String name) {
    if (byteFallback && name.matches("<0x[0-9A-Fa-f]{2}>")) {
      return new byte[] {(byte) Integer.parseInt(name.substring(3, 5), 16)};
    }
    String text = name;
    for (Replacement each : replacements) {
      text = text.replace(each.from(), each.to());
    }
    return byteLevel ? levelled(text) : text.getBytes(StandardCharsets.UTF_8);
  }

  /** A name with a character that stands for no byte is a text, as tokenizers has it. */
  private static byte[] levelled(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      if (character >= BYTES_OF_CHARACTERS.length || BYTES_OF_CHARACTERS[character] < 0) {
        return text.getBytes(StandardCharsets.UTF_8);
      }
      bytes.write(BYTES_OF_CHARACTERS[character]);
    }
    return bytes.toByteArray();
  }

  /** GPT-2's table: printable bytes of Latin-1 are themselves, the others follow from 256 on. */
  private static int[] bytesOfCharacters() {
    int[] bytes = new int[512];
    Arrays.fill(bytes, -1);
    int next = 256;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xFF && value != 0xAD;
      bytes[printable ? value : next++] = value;
    }
    return bytes;
  }
}
