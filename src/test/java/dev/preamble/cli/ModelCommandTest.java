package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code model inspect} and {@code tokenize}. */
class ModelCommandTest {
  private static final String SMALL = "test-fixtures/stories260K";

  @TempDir Path folder;

  @Test
  void inspectTellsPeopleWhatTheModelIs() {
    String text = Run.of("model", "inspect", SMALL).done().out();
    for (String part :
        new String[] {
          "stories260K",
          "llama, causal-lm",
          "5 layers of width 64, 8 query heads",
          "512 positions",
          "1,280 bytes a position: 4 key/value heads of 8",
          "float32 on the CPU, exported for float32, weights stored as float32",
          "1,044,992 bytes",
          "tokenizer.json",
          "--verify"
        }) {
      assertTrue(text.contains(part), text);
    }
  }

  @Test
  void inspectGivesTheSameAsJsonAndVerifies() {
    JsonNode report = Run.of("model", "inspect", SMALL, "--verify", "--json").done().json();
    assertTrue(report.get("verified").asBoolean());
    assertEquals(5, report.get("key_value").size());
    assertEquals(8, report.at("/key_value/4/head_size").asInt());
    assertEquals(64, report.at("/weights/0/sha256").asText().length());
    assertEquals(1, report.at("/special_tokens/bos").asInt());
    assertEquals(false, report.get("chat_template").asBoolean());
  }

  @Test
  void verifyNamesEachFileThatIsNotAsItWasExported() throws IOException {
    copy(Path.of(SMALL), folder);
    Path weights = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Files.write(weights, bytes);
    Run.of("model", "inspect", folder).done();
    Run.of("model", "inspect", folder, "--verify", "--quiet")
        .refused("model.safetensors: expected SHA-256 407a7c581bdd");
  }

  @Test
  void tokenizeShowsIdsAndPieces() {
    Run shown = Run.of("tokenize", "--model", SMALL, "Once upon a time").done();
    assertEquals(6, shown.lines().size());
    assertTrue(shown.lines().get(1).endsWith("'Once'"), shown.out());
    assertTrue(shown.lines().getLast().startsWith("5 tokens: 1,403,"), shown.out());
    JsonNode report =
        Run.of("tokenize", "--model", SMALL, "--no-special-tokens", "--json", "Once\nupon")
            .done()
            .json();
    assertEquals(report.get("count").asInt(), report.get("tokens").size());
    StringBuilder text = new StringBuilder();
    report.get("tokens").forEach(token -> text.append(token.get("piece").asText()));
    assertTrue(text.toString().endsWith("upon"), text.toString());
  }

  @Test
  void aModelWithoutATokenizerIsScoredByIdsAndSaysSoOtherwise() throws IOException {
    copy(Path.of(SMALL), folder);
    Path manifest = folder.resolve("preamble.json");
    Files.writeString(manifest, Files.readString(manifest).replace("\"tokenizer.json\"", "null"));
    Files.delete(folder.resolve("tokenizer.json"));
    Run.of("tokenize", "--model", folder, "a").refused("no tokenizer.json");
    Run.of("score", "--model", folder, "--text", "a").refused("give token ids");
    JsonNode with = Run.of("score", "--model", SMALL, "--token-ids", "1,403", "--json").json();
    JsonNode without = Run.of("score", "--model", folder, "--token-ids", "1,403", "--json").json();
    assertEquals(with.get("log_probability"), without.get("log_probability"));
    assertEquals("", without.at("/tokens/1/piece").asText());
    assertTrue(Run.of("model", "inspect", folder).done().out().contains("takes token ids"));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
