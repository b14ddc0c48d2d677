package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Text token by token is the text of all tokens at once: of odd texts, and of tokens drawn at
 * random, but for the story models' single bytes, which come before {@code first}.
 */
class IncrementalDecoderTest {
  private static final List<String> ODD =
      List.of(
          "",
          " ",
          "\n\n \t",
          " a",
          "a ",
          "Tom's  café — naïve 日本 🙂 ok?\n\tyes",
          "👨‍👩‍👧‍👦🏳️‍🌈 e\u0301 \u200b\u2028x",
          "ﷺ \uFFFD x \uFFFD\uFFFD",
          "ied 4 ½ months, Äpfel, Führer",
          "កាន់តែពិសេសអាចខលចេញ",
          "3 33 333 3333 33333333",
          "<s>no special</s> token <unk>",
          "\u0000\u0001\u007f",
          "'''''' ``''?!?.. , . ; n't 've",
          "x".repeat(300) + "日".repeat(50));

  @ParameterizedTest
  @CsvSource({
    "test-fixtures/stories15M, 259",
    "test-fixtures/stories260K, 259",
    "test-fixtures/tiny-gpt2, 0"
  })
  void ofTextsAndOfRandomTokens(String model, int first) {
    Manifest manifest = Manifest.read(Path.of(model));
    try (TextTokenizer tokenizer =
        TextTokenizer.open(Path.of(model, manifest.tokenizer().orElseThrow()))) {
      for (String text : ODD) {
        compare(tokenizer, tokenizer.encode(text, true));
        compare(tokenizer, tokenizer.encode(text, false));
      }
      Random random = new Random(11);
      for (int i = 0; i < 300; i++) {
        compare(tokenizer, random.ints(40, first, manifest.vocabularySize()).toArray());
      }
    }
  }

  /** Texts that tokenizers are known to fail on, where the shared test data are there. */
  @Test
  void ofTheTextsThatOthersTestTheirTokenizersWith() throws IOException {
    Optional<Path> shared = Optional.ofNullable(System.getenv("PREAMBLE_SHARED")).map(Path::of);
    Assumptions.assumeTrue(
        shared.isPresent(), "SKIPPED: PREAMBLE_SHARED names no folder with tokenizers/vectors");
    Path tokenizers = shared.get().resolve("tokenizers");
    List<String> texts = new ArrayList<>();
    for (String vectors : new String[] {"gpt-2", "llama-spm", "llama-bpe"}) {
      Path file = tokenizers.resolve("vectors/ggml-vocab-" + vectors + ".gguf.inp");
      texts.addAll(Arrays.asList(Files.readString(file).split("\n__ggml_vocab_test__\n")));
    }
    assertTrue(texts.size() > 60, texts.size() + " texts");
    for (Path file :
        List.of(
            tokenizers.resolve("gpt2/tokenizer.json"),
            tokenizers.resolve("t5/tokenizer.json"),
            Path.of("test-fixtures/stories15M/tokenizer.json"))) {
      try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
        texts.forEach(text -> compare(tokenizer, tokenizer.encode(text, true)));
      }
    }
  }

  /** Single bytes and special tokens among them. */
  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tiny-gpt2"})
  void whatATokenizerKnowsOfItsTokensChangesNothing(String model) {
    Path file = Path.of("test-fixtures", model, "tokenizer.json");
    int vocabulary = Manifest.read(Path.of("test-fixtures", model)).vocabularySize();
    Random random = new Random(12);
    try (TextTokenizer used = TextTokenizer.open(file)) {
      int letter = letter(used);
      for (int token = 0; token < vocabulary; token++) {
        pieces(used, new int[] {letter, token, letter});
      }
      long known =
          IntStream.range(0, vocabulary)
              .filter(token -> used.knownPieces().of(token).isPresent())
              .count();
      assertTrue(known > vocabulary / 3, () -> known + " of " + vocabulary + " tokens are known");
      for (int i = 0; i < 30; i++) {
        int[] tokens = random.ints(60, 0, vocabulary).distinct().toArray();
        try (TextTokenizer fresh = TextTokenizer.open(file)) {
          assertEquals(pieces(fresh, tokens), pieces(used, tokens));
        }
      }
    }
  }

  @Test
  void nothingIsKnownOfTokensWhoseNeighboursCount(@TempDir Path folder) throws IOException {
    String json = Files.readString(Path.of("test-fixtures/tiny-gpt2/tokenizer.json"));
    ObjectNode changed = (ObjectNode) new ObjectMapper().readTree(json);
    changed.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
    Path file = Files.writeString(folder.resolve("tokenizer.json"), changed.toString());
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      int letter = letter(tokenizer);
      pieces(tokenizer, new int[] {letter, letter, letter});
      assertTrue(tokenizer.knownPieces().of(letter).isEmpty());
    }
  }

  private static int letter(TextTokenizer tokenizer) {
    int[] tokens = tokenizer.encode("x", false);
    return tokens[tokens.length - 1];
  }

  private static List<String> pieces(TextTokenizer tokenizer, int[] tokens) {
    IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
    return Arrays.stream(tokens).mapToObj(decoder::append).toList();
  }

  @Test
  void charactersOfARunOfBytesStayWhenTheRunTurnsOutMalformed() {
    try (TextTokenizer tokenizer =
        TextTokenizer.open(Path.of("test-fixtures/stories260K/tokenizer.json"))) {
      int firstByte = 3;
      int[] run = {firstByte + 0xc3, firstByte + 0xa9, firstByte + 0xff, 403};
      IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
      List<String> pieces = Arrays.stream(run).mapToObj(decoder::append).toList();
      assertEquals(List.of("", "é", ""), pieces.subList(0, 3));
      assertTrue(pieces.get(3).endsWith("Once"), pieces::toString);
    }
  }

  private static void compare(TextTokenizer tokenizer, int[] tokens) {
    IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.append(token));
    }
    text.append(decoder.finish());
    assertEquals(tokenizer.decode(tokens), text.toString(), () -> Arrays.toString(tokens));
  }
}
