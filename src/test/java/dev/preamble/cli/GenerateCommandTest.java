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
import java.nio.file.Files;
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
  void sampledAnswersAreFixedBySeedsAndDifferByThem() {
    String[] warm = {"--prompt", BEGINNING, "--temperature", "1.2", "--top-k", "50", "--quiet"};
    assertEquals(0, run(with(warm, "--seed", "3", "--n", "2")));
    String both = out.toString();
    assertEquals(0, run(with(warm, "--seed", "3")));
    String first = out.toString().strip();
    assertEquals(0, run(with(warm, "--seed", "4")));
    assertNotEquals(first, out.toString().strip());
    assertTrue(both.contains(first) && both.contains(out.toString().strip()), both);
  }

  @Test
  void anAnswerIsWhatItMustBe() throws Exception {
    assertEquals(
        0,
        run("--prompt", BEGINNING, "--choice", " maybe", "--choice", " surely", "--quiet"),
        err::toString);
    assertTrue(List.of("maybe", "surely").contains(out.toString().strip()), out.toString());
    assertEquals(0, run("--prompt", BEGINNING, "--regex", " [0-9]{3}x", "--quiet"));
    assertTrue(out.toString().matches(" [0-9]{3}x\\R"), out.toString());
    Path schema = folder.resolve("schema.json");
    Files.writeString(
        schema,
        "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}");
    assertEquals(
        0,
        run("--prompt", BEGINNING, "--json-schema", schema.toString(), "--quiet"),
        err::toString);
    assertTrue(new ObjectMapper().readTree(out.toString()).get("n").isIntegralNumber());
    refused("look-around", "--prompt", "a", "--regex", "(?=a)");
  }

  @Test
  void alternativesStandBesideEachToken() throws Exception {
    JsonNode answer =
        answers(
                List.of(
                    "--prompt", BEGINNING, "--max-tokens", "3", "--alternatives", "4", "--json"))
            .get(0);
    JsonNode token = answer.at("/tokens/0");
    assertEquals(4, token.get("alternatives").size());
    assertEquals(token.get("id"), token.at("/alternatives/0/id"));
    assertEquals(token.get("log_probability"), token.at("/alternatives/0/log_probability"));
  }

  @Test
  void aConversationIsPutIntoTheModelsTemplate() throws Exception {
    refused("has no chat template", "--prompt", "Hello", "--chat");
    Path chatting = Stories.changedManifest(folder.resolve("chatting"), "\"eos\"", "\"eos\"");
    Files.writeString(
        chatting.resolve("chat_template.jinja"),
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:");
    String[] asked = {
      "--model",
      chatting.toString(),
      "--prompt",
      "Hello",
      "--chat",
      "--system",
      "Be kind.",
      "--json"
    };
    assertEquals(0, execute(asked), err::toString);
    JsonNode ids = new ObjectMapper().readTree(out.toString()).get("prompt_token_ids");
    try (FrozenModel model = FrozenModel.open(chatting)) {
      int[] tokens = new int[ids.size()];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = ids.get(i).intValue();
      }
      assertEquals("system: Be kind.\nuser: Hello\nassistant:", model.tokenizer().decode(tokens));
    }
  }

  @Test
  void whatCannotBeGeneratedIsSaidInOneLine() {
    refused("context has 512 positions", "--prompt", BEGINNING, "--max-tokens", "600");
    refused("there is no folder", "--prompt", "a", "--adapter", folder.resolve("none").toString());
    refused("width 32", "--prompt", "a", "--adapter", "test-fixtures/adapters/prompt-llama");
    refused("choose one", "--prompt", "a", "--stream", "--json");
    refused("--chat too", "--prompt", "a", "--system", "b");
    refused("--task-id", "--prompt", "a", "--task-id", "1");
    refused("--temperature: expected", "--prompt", "a", "--temperature", "-1");
    refused("--top-p: expected", "--prompt", "a", "--top-p", "1.5");
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

  private static String[] with(String[] arguments, String... more) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private int run(String... arguments) {
    return execute(with(new String[] {"--model", Stories.SMALL.toString()}, arguments));
  }

  private int execute(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(List.of("generate"));
    all.addAll(List.of(arguments));
    return Preamble.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }
}
