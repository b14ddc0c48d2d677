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
  void aBadPathEndsWithCodeTwo() {
    assertEquals(2, Preamble.run("adapter", "inspect", folder.resolve("none").toString()));
  }

  private int run(String... arguments) {
    return new CommandLine(new AdapterCommand())
        .setOut(new PrintWriter(out, true))
        .execute(arguments);
  }
}
