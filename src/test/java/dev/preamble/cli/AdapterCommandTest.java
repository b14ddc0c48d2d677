package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AdapterCommandTest {
  private static final String PROMPT = "test-fixtures/adapters/prompt-llama";

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();

  @Test
  void inspectTellsPeopleWhatTheAdapterIs() {
    assertEquals(0, run("inspect", PROMPT));
    for (String part :
        new String[] {
          "PROMPT_TUNING", "tiny-random/llama", "F32 4 × 32", "512 bytes", "row norms"
        }) {
      assertTrue(out.toString().contains(part), out.toString());
    }
  }

  @Test
  void inspectGivesTheSameAsJson() throws Exception {
    assertEquals(0, run("inspect", "--json", PROMPT));
    JsonNode report = new ObjectMapper().readTree(out.toString());
    assertEquals(4, report.at("/virtual_tokens").asInt());
    assertEquals(128, report.at("/parameters").asInt());
    assertEquals(64, report.at("/digest").asText().length());
    assertEquals("prompt_embeddings", report.at("/tensors/0/name").asText());
    assertTrue(report.at("/tensors/0/row_norm/mean").asDouble() > 0);
  }

  @Test
  void copyWritesTheSameBytes() throws Exception {
    assertEquals(0, run("copy", PROMPT, folder.resolve("copy").toString()));
    for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
      assertEquals(-1, Files.mismatch(Path.of(PROMPT, file), folder.resolve("copy").resolve(file)));
    }
    assertTrue(Files.exists(folder.resolve("copy/README.md")));
  }

  @Test
  void copyKeepsTheCardThatCameWithTheAdapter() throws Exception {
    assertEquals(0, run("copy", PROMPT, folder.resolve("a").toString()));
    Files.writeString(folder.resolve("a/README.md"), "theirs");
    assertEquals(0, run("copy", folder.resolve("a").toString(), folder.resolve("b").toString()));
    assertEquals("theirs", Files.readString(folder.resolve("b/README.md")));
  }

  @Test
  void copyTurnsPTuningIntoPromptTuning() throws Exception {
    String source = "test-fixtures/adapters/p-tuning-llama";
    assertEquals(0, run("copy", source, folder.toString(), "--as", "prompt-tuning", "--json"));
    assertEquals(0, run("inspect", folder.toString()));
    assertTrue(out.toString().contains("PROMPT_TUNING"), out.toString());
    assertEquals(2, run("copy", source, folder.toString(), "--as", "lora"));
  }

  @Test
  void diffShowsFieldsAndTheLargestDifferences() throws Exception {
    String other = "test-fixtures/adapters/prompt-gpt2";
    assertEquals(0, run("diff", PROMPT, PROMPT));
    assertTrue(out.toString().contains("values equal"), out.toString());
    assertEquals(1, run("diff", PROMPT, other));
    assertTrue(
        out.toString().contains("\"tiny-random/llama\" → \"tiny-random/gpt2\""), out.toString());
    out.getBuffer().setLength(0);
    String prefix = "test-fixtures/adapters/prefix-llama";
    assertEquals(1, run("diff", "--json", PROMPT, prefix));
    JsonNode report = new ObjectMapper().readTree(out.toString());
    assertEquals("PREFIX_TUNING", report.at("/fields/peft_type/b").asText());
    assertTrue(report.at("/fields/prefix_projection/a").isMissingNode());
    assertEquals("F32 [4, 64]", report.at("/tensors/prompt_embeddings/b").asText());
    assertTrue(report.at("/tensors/prompt_embeddings/max_absolute").isMissingNode());
  }

  @Test
  void aBadPathEndsWithCodeTwo() {
    assertEquals(2, Preamble.run("adapter", "inspect", folder.resolve("none").toString()));
  }

  private int run(String... arguments) {
    return new CommandLine(new AdapterCommand())
        .setOut(new PrintWriter(out, true))
        .execute(arguments);
  }
}
