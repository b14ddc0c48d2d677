package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
