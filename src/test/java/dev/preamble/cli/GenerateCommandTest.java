package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
  private static final String BEGINNING = "Once upon a time";

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void streamedTextIsTheTextAtOnce() {
    assertEquals(0, run("--prompt", BEGINNING, "--max-tokens", "20"));
    String atOnce = out.toString();
    assertTrue(atOnce.startsWith(", there was"), atOnce);
    assertTrue(err.toString().contains("20 tokens (length), first after"), err.toString());
    assertEquals(0, run("--prompt", BEGINNING, "--max-tokens", "20", "--stream", "--quiet"));
    assertEquals(atOnce, out.toString());
    assertEquals("", err.toString());
  }

  @Test
  void severalAdaptersAnswerSideBySideEachAsAlone() throws Exception {
    String first = adapter("first", 1);
    String second = adapter("second", 2);
    String[] prompt = {"--token-ids", "403,407", "--max-tokens", "8", "--json"};
    JsonNode both = answers("--adapter", first, "--adapter", second, prompt);
    assertEquals(2, both.size());
    assertEquals(ids(answers("--adapter", first, prompt).get(0)), ids(both.get(0)));
    assertEquals(ids(answers("--adapter", second, prompt).get(0)), ids(both.get(1)));
    assertNotEquals(both.get(0).get("tokens"), both.get(1).get("tokens"));
    assertEquals(first, both.get(0).get("adapter").asText());
    assertEquals(6, both.get(0).get("virtual_tokens").asInt());
    assertTrue(both.get(0).at("/tokens/0/log_probability").asDouble() < 0);
    assertEquals(0, run("--adapter", first, "--adapter", second, "--prompt", BEGINNING, "--quiet"));
    assertTrue(out.toString().startsWith("== " + first), out.toString());
    assertTrue(out.toString().contains("== " + second), out.toString());
  }

  @Test
  void aStopTextEndsTheAnswer() {
    assertEquals(0, run("--prompt", BEGINNING, "--stop", " was", "--quiet"));
    assertEquals(", there", out.toString().strip());
  }

  @Test
  void whatCannotBeGeneratedIsSaidInOneLine() {
    refused("context has 512 positions", "--prompt", BEGINNING, "--max-tokens", "600");
    refused("there is no folder", "--prompt", "a", "--adapter", folder.resolve("none").toString());
    refused("width 32", "--prompt", "a", "--adapter", "test-fixtures/adapters/prompt-llama");
    refused("choose one", "--prompt", "a", "--stream", "--json");
  }

  private void refused(String reason, String... arguments) {
    assertEquals(2, run(arguments));
    String message = err.toString().strip();
    assertTrue(message.startsWith("preamble: ") && message.contains(reason), message);
    assertFalse(message.contains("\n"), message);
  }

  private String adapter(String name, int seed) {
    Path place = folder.resolve(name);
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      Stories.adapter(model, 6, seed).save(place);
    }
    return place.toString();
  }

  private JsonNode answers(String option, String adapter, String... rest) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(option, adapter));
    arguments.addAll(List.of(rest));
    return answers(arguments);
  }

  private JsonNode answers(String option, String first, String again, String second, String... rest)
      throws Exception {
    List<String> arguments = new ArrayList<>(List.of(option, first, again, second));
    arguments.addAll(List.of(rest));
    return answers(arguments);
  }

  private JsonNode answers(List<String> arguments) throws Exception {
    assertEquals(0, run(arguments.toArray(String[]::new)), err::toString);
    return new ObjectMapper().readTree(out.toString()).get("answers");
  }

  private static List<String> ids(JsonNode answer) {
    return answer.get("tokens").findValuesAsText("id");
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(List.of("generate", "--model", Stories.SMALL.toString()));
    all.addAll(List.of(arguments));
    return Preamble.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }
}
