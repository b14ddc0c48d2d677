package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.generation.PeftPrompt;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.peft.MultitaskPromptTuning;
import dev.preamble.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreCommandTest {
  private static final String TEXT = "The robot said: beep, I like oil.";
  private static final int[] IDS = {1, 450, 19964, 1497, 29901, 367, 1022};

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void logitsUnderATrainedPromptEqualPefts() {
    Path adapter = PeftPrompt.train(Stories.LARGE, folder.resolve("adapter"), 20, 8);
    JsonNode report = compareWithPeft(Optional.of(adapter));
    float[] first = tensor(folder.resolve("peft.safetensors"), "first");
    assertEquals(
        logSoftmax(first, IDS[0]), report.at("/tokens/0/log_probability").asDouble(), 1e-4);
    assertEquals(20, report.at("/virtual_tokens").asInt());
    assertEquals(64, report.at("/adapter_digest").asText().length());
  }

  @Test
  void logitsOfTheBaseEqualTransformers() {
    JsonNode report = compareWithPeft(Optional.empty());
    assertTrue(report.at("/tokens/0/log_probability").isNull());
  }

  /**
   * Largest difference of all logits at most 1e-4; log probabilities as they follow from PEFT's.
   */
  private JsonNode compareWithPeft(Optional<Path> adapter) {
    Path ours = folder.resolve("ours.safetensors");
    Path theirs = folder.resolve("peft.safetensors");
    StringBuilder ids = new StringBuilder();
    for (int id : IDS) {
      ids.append(ids.isEmpty() ? "" : ",").append(id);
    }
    List<String> arguments =
        new ArrayList<>(
            List.of("--token-ids", ids.toString(), "--logits-out", ours.toString(), "--json"));
    Map<String, Object> question =
        new HashMap<>(
            Map.of("model", Stories.LARGE.toString(), "token_ids", IDS, "out", theirs.toString()));
    adapter.ifPresent(
        place -> {
          arguments.addAll(List.of("--adapter", place.toString()));
          question.put("adapter", place.toString());
        });
    assertEquals(0, run(Stories.LARGE, arguments.toArray(String[]::new)), err::toString);
    Oracle.shared().call("logits", question);
    float[] expected = tensor(theirs, "logits");
    assertEquals(IDS.length * 32_000, expected.length);
    assertArrayEquals(expected, tensor(ours, "logits"), 1e-4f);
    JsonNode report = json();
    for (int i = 1; i < IDS.length; i++) {
      float[] row = Arrays.copyOfRange(expected, (i - 1) * 32_000, i * 32_000);
      JsonNode token = report.get("tokens").get(i);
      assertEquals(IDS[i], token.get("id").asInt());
      assertEquals(logSoftmax(row, IDS[i]), token.get("log_probability").asDouble(), 1e-4);
    }
    return report;
  }

  @Test
  void theSumsAreThoseOfTheTokens() {
    assertEquals(0, run(Stories.SMALL, "--text", TEXT, "--json"));
    JsonNode text = json();
    assertEquals(text.get("scored").asInt(), text.get("tokens").size() - 1);
    double sum = 0;
    for (JsonNode token : text.get("tokens")) {
      sum += token.get("log_probability").asDouble();
    }
    assertEquals(sum, text.get("log_probability").asDouble(), 1e-9);
    assertEquals(
        Math.exp(-sum / text.get("scored").asInt()), text.get("perplexity").asDouble(), 1e-6);
  }

  @Test
  void eachLineOfAFileScoresAsThatTextDoesAlone() throws Exception {
    Path texts =
        Files.writeString(
            folder.resolve("texts.txt"), "\uFEFF" + TEXT + "\r\n\nOnce upon a time\n");
    Path rows =
        Files.writeString(
            folder.resolve("rows.jsonl"),
            "{\"text\": \"%s\", \"label\": \"x\"}\n{\"token_ids\": [1, 403, 407]}\n"
                .formatted(TEXT));
    Run alone = Run.of("score", "--model", Stories.SMALL, "--text", TEXT, "--json").done();
    List<String> plain =
        Run.of("score", "--model", Stories.SMALL, "--file", texts, "--json").done().lines();
    List<String> json =
        Run.of("score", "--model", Stories.SMALL, "--file", rows, "--json").done().lines();
    assertEquals(3, plain.size());
    assertEquals(3, Run.json(plain.get(1)).get("line").asInt(), "the blank line counts");
    assertEquals(alone.json().get("tokens"), Run.json(plain.getFirst()).get("tokens"));
    assertEquals(alone.json().get("tokens"), Run.json(json.getFirst()).get("tokens"));
    JsonNode total = Run.json(plain.getLast()).get("total");
    assertEquals(2, total.get("texts").asInt());
    assertEquals(
        Run.json(plain.get(0)).get("log_probability").asDouble()
            + Run.json(plain.get(1)).get("log_probability").asDouble(),
        total.get("log_probability").asDouble(),
        1e-9);
    List<String> shown = Run.of("score", "--model", Stories.SMALL, "--file", texts).done().lines();
    assertTrue(shown.get(1).endsWith("'Once upon a time'"), shown.get(1));
    assertTrue(shown.getLast().startsWith("2 texts: "), shown.getLast());
    List<String> ofRows = Run.of("score", "--model", Stories.SMALL, "--file", rows).done().lines();
    assertEquals(shown.getFirst(), ofRows.getFirst(), "the text of a row, not its line");
    assertTrue(ofRows.get(1).endsWith("'{\"token_ids\": [1, 403, 407]}'"), ofRows.get(1));
  }

  @Test
  void aLongTextIsShownByItsBeginningInWholeCharacters() throws Exception {
    Path texts = Files.writeString(folder.resolve("texts.txt"), "\uD83D\uDC3B".repeat(61) + "\n");
    String shown =
        Run.of("score", "--model", Stories.SMALL, "--file", texts).done().lines().getFirst();
    assertTrue(shown.endsWith(" '" + "\uD83D\uDC3B".repeat(60) + "…'"), shown);
  }

  @Test
  void aLineThatCannotBeScoredIsNamed() throws Exception {
    Path rows = folder.resolve("rows.jsonl");
    for (String[] bad :
        new String[][] {
          {"{\"text\": 3}", "line 2: expected an object"},
          {"{\"token_ids\": [1.5]}", "line 2: expected an object"},
          {"{", "line 2: expected JSON"},
          {"{\"token_ids\": [600]}", "line 2: prompt: expected token ids from 0 to 511"}
        }) {
      Files.writeString(rows, "{\"text\": \"a\"}\n" + bad[0] + "\n");
      Run run = Run.of("score", "--model", Stories.SMALL, "--file", rows).refused(bad[1]);
      assertEquals(1, run.lines().size());
    }
    Files.write(rows, new byte[] {(byte) 0xff, '\n'});
    Run.of("score", "--model", Stories.SMALL, "--file", rows).refused("expected UTF-8");
    Run.of("score", "--model", Stories.SMALL, "--file", rows, "--logits-out", "x")
        .refused("one text");
    Run.of("score", "--model", Stories.SMALL, "--text", "a", "--task-id", 1).refused("--adapter");
  }

  @Test
  void aMultitaskPromptNeedsItsTaskNamed() {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      int hidden = model.manifest().hiddenSize();
      float[] shared = model.embeddings().rows(5, 6);
      float[] columns = {1, 1, 2, 1};
      float[] factors = new float[2 * hidden];
      Arrays.fill(factors, 1);
      MultitaskPromptTuning.of(model.baseModel(), 2, 2, 1, shared, columns, factors).save(folder);
    }
    Object[] command = {
      "score", "--model", Stories.SMALL, "--text", "a", "--json", "--adapter", folder
    };
    Run.of(command).refused("2 tasks; name one, 0 to 1");
    Run.of(with(command, 2)).refused("no task 2");
    JsonNode first = Run.of(with(command, 0)).done().json();
    JsonNode second = Run.of(with(command, 1)).done().json();
    assertNotEquals(first.get("log_probability"), second.get("log_probability"));
    assertNotEquals(first.get("adapter_digest"), second.get("adapter_digest"));
  }

  private static Object[] with(Object[] command, int task) {
    Object[] longer = Arrays.copyOf(command, command.length + 2);
    longer[command.length] = "--task-id";
    longer[command.length + 1] = task;
    return longer;
  }

  @Test
  void peopleSeeATokenALine() {
    assertEquals(0, run(Stories.SMALL, "--text", "Once upon a time"));
    List<String> lines = out.toString().lines().toList();
    assertEquals(6, lines.size());
    assertTrue(lines.get(2).endsWith("' upon'"), lines.get(2));
    assertTrue(lines.getLast().contains("perplexity"), lines.getLast());
  }

  @Test
  void whatCannotBeScoredIsSaidInOneLine() {
    refused("512 positions", "--token-ids", "1,".repeat(512) + "1");
    refused("0 to 511", "--token-ids", "1,600");
    refused("no such file", "--file", folder.resolve("none").toString());
    refused("Is a directory", "--file", folder.toString());
    refused("width 32", "--text", "a", "--adapter", "test-fixtures/adapters/prompt-llama");
  }

  private void refused(String reason, String... arguments) {
    err.getBuffer().setLength(0);
    assertEquals(2, run(Stories.SMALL, arguments));
    String message = err.toString().strip();
    assertTrue(message.startsWith("preamble: ") && message.contains(reason), message);
    assertFalse(message.contains("\n"), message);
  }

  private int run(Path model, String... arguments) {
    out.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(List.of("score", "--model", model.toString()));
    all.addAll(List.of(arguments));
    return Preamble.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }

  private JsonNode json() {
    try {
      return new ObjectMapper().readTree(out.toString());
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  private static float[] tensor(Path file, String name) {
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      return opened.tensor(name).toFloats();
    }
  }

  private static double logSoftmax(float[] logits, int token) {
    double sum = 0;
    for (float value : logits) {
      sum += Math.exp(value - logits[token]);
    }
    return -Math.log(sum);
  }
}
