package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifyCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LABELS = "good=happy,bad=sad,odd=blue sky";

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void theMostProbableLabelStandsFirst() throws Exception {
    String[] question = {"--labels", LABELS, "--text", "She got cake.", "--template", "{text} She"};
    assertEquals(0, run(question), err::toString);
    String[] lines = out.toString().strip().split("\\R");
    assertEquals(3, lines.length, out.toString());
    JsonNode answer = json(question).at("/answers/0");
    assertTrue(lines[0].endsWith("  " + answer.get("label").asText()), out.toString());
    double sum = 0;
    for (JsonNode label : answer.get("labels")) {
      sum += label.get("probability").asDouble();
    }
    assertEquals(1, sum, 1e-9);
    double odd = answer.at("/labels/2/probability").asDouble();
    List<String> normalised = new ArrayList<>(List.of(question));
    normalised.add("--normalise");
    JsonNode longer = json(normalised.toArray(String[]::new)).at("/answers/0/labels/2");
    assertTrue(longer.get("probability").asDouble() > odd, "a long label gains by it");
  }

  @Test
  void anEnsembleAnswersBesideItsAdapters() throws Exception {
    List<String> asked =
        new ArrayList<>(List.of("--labels", LABELS, "--text", "It", "--ensemble", "mean"));
    double sum = 0;
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      for (int seed = 1; seed <= 3; seed++) {
        Path adapter = folder.resolve("adapter" + seed);
        Stories.adapter(model, 2 + seed, seed).save(adapter);
        asked.addAll(List.of("--adapter", adapter.toString()));
      }
    }
    JsonNode report = json(asked.toArray(String[]::new));
    assertEquals(3, report.get("answers").size());
    for (JsonNode answer : report.get("answers")) {
      sum += answer.at("/labels/0/probability").asDouble() / 3;
    }
    assertEquals(sum, report.at("/ensemble/labels/0/probability").asDouble(), 1e-9);
    assertEquals(0, run(asked.toArray(String[]::new)));
    assertTrue(out.toString().contains("== ensemble, mean"), out.toString());
    asked.set(5, "majority");
    JsonNode votes = json(asked.toArray(String[]::new)).get("ensemble");
    assertEquals(0, votes.at("/labels/0/probability").asDouble() * 3 % 1, 1e-9);
  }

  @Test
  void everyLineOfAFileIsClassifiedAsItIsAlone() throws Exception {
    List<String> rows = new ArrayList<>();
    for (int i = 1; i <= 600; i++) {
      rows.add(
          i == 5
              ? "{\"text\": 3}"
              : i == 9
                  ? "{\"text\": \"" + "long ".repeat(600) + "\"}"
                  : "{\"text\": \"The dog saw " + i + " cats.\"}");
    }
    Path file = folder.resolve("rows.jsonl");
    Files.write(file, rows);
    Path answers = folder.resolve("answers.jsonl");
    String[] bulk = {
      "--labels", "good=happy,bad=sad", "--file", file.toString(), "--out", answers.toString()
    };
    assertEquals(0, run(bulk), err::toString);
    assertTrue(out.toString().contains("600 lines answered, 2 of them bad"), out.toString());
    List<String> lines = Files.readAllLines(answers);
    assertEquals(600, lines.size());
    assertTrue(JSON.readTree(lines.get(8)).get("error").asText().contains("context has 512"));
    for (int i : new int[] {1, 255, 256, 257, 600}) {
      JsonNode line = JSON.readTree(lines.get(i - 1));
      assertEquals(i, line.get("line").intValue());
      JsonNode alone =
          json("--labels", "good=happy,bad=sad", "--text", "The dog saw " + i + " cats.");
      assertEquals(
          alone.at("/answers/0/labels/0/log_probability").asDouble(),
          line.at("/answers/0/labels/0/log_probability").asDouble(),
          1e-4);
    }
    byte[] whole = Files.readAllBytes(answers);
    Files.write(answers, Arrays.copyOf(whole, whole.length / 2));
    assertEquals(0, run(bulk), err::toString);
    assertEquals(600, Files.readAllLines(answers).size());
  }

  @Test
  void whatCannotBeClassifiedIsSaidInOneLine() {
    refused("expected at least two", "--labels", "a", "--text", "x");
    refused("none begins another", "--labels", "sad,sad dog", "--text", "x");
    refused("several adapters", "--labels", LABELS, "--text", "x", "--ensemble", "mean");
    refused("--task-id", "--labels", LABELS, "--text", "x", "--task-id", "1");
    refused("expected {text}", "--labels", LABELS, "--text", "x", "--template", "It was");
    refused("context has 512", "--labels", LABELS, "--text", "word ".repeat(600));
  }

  private void refused(String reason, String... arguments) {
    assertEquals(2, run(arguments));
    String message = err.toString().strip();
    assertTrue(message.contains(reason), message);
    assertFalse(message.contains("\n"), message);
  }

  private JsonNode json(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--json");
    assertEquals(0, run(all.toArray(String[]::new)), err::toString);
    return JSON.readTree(out.toString());
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(List.of("classify", "--model", Stories.SMALL.toString()));
    all.addAll(List.of(arguments));
    return Preamble.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }
}
