package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytes of tokens, one after the other, are what the tokenizer itself makes of the tokens. */
class TokenBytesTest {
  private static final int SPECIAL = 3;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "stories15M", "tiny-gpt2"})
  void theBytesOfATextsTokensAreTheText(String name) {
    Path file = Path.of("test-fixtures", name, "tokenizer.json");
    TokenBytes bytes = TokenBytes.read(file, 32_000);
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      for (String text : new String[] {"Once upon", "a\tb\n  c", "naïve 日本 🦊", " x", "<s"}) {
        int[] tokens = tokenizer.encode(text, false);
        String joined = joined(bytes, tokens);
        assertEquals(text, bytes.dropsLeadingSpace() ? joined.substring(1) : joined);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "stories15M", "tiny-gpt2"})
  void theBytesOfAnyTokensAreTheirText(String name) {
    Path file = Path.of("test-fixtures", name, "tokenizer.json");
    Random random = new Random(5);
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      int size = name.equals("stories15M") ? 32_000 : name.equals("stories260K") ? 512 : 300;
      TokenBytes bytes = TokenBytes.read(file, size);
      int compared = 0;
      for (int round = 0; round < 2000; round++) {
        int[] tokens = random.ints(1 + random.nextInt(4), SPECIAL, size).toArray();
        String joined = joined(bytes, tokens);
        if (isText(bytes, tokens)) {
          compared++;
          boolean dropped = bytes.dropsLeadingSpace() && joined.startsWith(" ");
          assertEquals(dropped ? joined.substring(1) : joined, tokenizer.decode(tokens));
        }
      }
      assertTrue(compared > 300, "only " + compared + " were texts");
    }
  }

  @Test
  void specialTokensAndThoseThatTheTokenizerLacksHaveNoBytes() {
    TokenBytes bytes = TokenBytes.read(Path.of("test-fixtures/stories260K/tokenizer.json"), 600);
    assertEquals(0, bytes.of(1).length);
    assertEquals(0, bytes.of(599).length);
    assertEquals(600, bytes.size());
  }

  @Test
  void aDecoderThatLooksAtNeighboursIsRefusedByName() throws Exception {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(
        file, "{\"model\":{\"vocab\":{\"a\":0}},\"decoder\":{\"type\":\"WordPiece\"}}");
    ModelException refused = assertThrows(ModelException.class, () -> TokenBytes.read(file, 1));
    assertTrue(refused.getMessage().contains("WordPiece"), refused.getMessage());
  }

  private static boolean isText(TokenBytes bytes, int[] tokens) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(all(bytes, tokens)));
      return true;
    } catch (CharacterCodingException noText) {
      return false;
    }
  }

  private static String joined(TokenBytes bytes, int[] tokens) {
    return new String(all(bytes, tokens), StandardCharsets.UTF_8);
  }

  private static byte[] all(TokenBytes bytes, int[] tokens) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int token : tokens) {
      all.writeBytes(bytes.of(token));
    }
    return all.toByteArray();
  }
}
