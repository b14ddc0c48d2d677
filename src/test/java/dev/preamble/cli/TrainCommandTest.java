package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.peft.Adapter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train} and {@code evaluate} as a user calls them, on a small model and a few rows. */
class TrainCommandTest {
  private static final String MODEL = "test-fixtures/stories260K";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  private record Outcome(int code, String out, String err) {}

  @Test
  void trainsSavesAndScoresTheSame() throws IOException {
    Path data = rows(24);
    Path out = folder.resolve("adapter");
    Outcome trained =
        run(
            "train",
            "--data",
            data,
            "--eval",
            data,
            "--hard-prompt",
            "Say it. ",
            "--out",
            out,
            "--json",
            "--epochs",
            "20",
            "--virtual-tokens",
            "4",
            "--init-text",
            "the",
            "--lr",
            "0.2");
    assertEquals(0, trained.code(), trained.err());
    JsonNode report = JSON.readTree(trained.out());
    JsonNode scores = report.get("scores");
    assertTrue(
        scores.get("tuned_prompt").get("loss").asDouble()
            < scores.get("base_model").get("loss").asDouble() - 1,
        scores.toString());
    assertTrue(scores.has("hard_prompt"));
    assertEquals(Adapter.open(out).digest(), report.get("digest").asText());
    assertTrue(Files.readString(out.resolve("README.md")).contains("tuned prompt"));
    List<String> metrics = Files.readAllLines(out.resolve("metrics.jsonl"));
    assertEquals(2 + 40 + 21 + 1, metrics.size(), "scores, steps, epochs with the start, scores");
    for (String line : metrics) {
      JSON.readTree(line);
    }

    Outcome evaluated = run("evaluate", "--data", data, "--adapter", out, "--json");
    JsonNode again = JSON.readTree(evaluated.out()).get("scores").get("adapter");
    assertEquals(scores.get("tuned_prompt"), again);
  }

  @Test
  void theTableIsForPeopleAndQuietShowsNoProgress() throws IOException {
    Path data = rows(6);
    Outcome told =
        run(
            "train",
            "--data",
            data,
            "--eval",
            data,
            "--out",
            folder.resolve("a"),
            "--quiet",
            "--epochs",
            "1",
            "--virtual-tokens",
            "2");
    assertEquals(0, told.code(), told.err());
    assertTrue(told.out().contains("base model"), told.out());
    assertTrue(told.out().contains("tuned prompt"), told.out());
    assertEquals("", told.err());
  }

  @Test
  void rowsAndHardPromptsThatAreCutAreTold() throws IOException {
    Path data = rows(6);
    Outcome told =
        run(
            "evaluate",
            "--data",
            data,
            "--hard-prompt",
            "Once there was a dog. ",
            "--max-tokens",
            "14",
            "--quiet");
    assertEquals(0, told.code(), told.err());
    assertEquals(
        "%s behind the hard prompt: 6 rows have more than 14 tokens (--max-tokens) and lost their beginning%n"
            .formatted(data),
        told.err());
  }

  @Test
  void badInputGivesOneClearLineAndLeavesNothing() throws IOException {
    Path data = rows(3);
    Path out = folder.resolve("adapter");
    Path empty = Files.writeString(folder.resolve("empty.jsonl"), "\n");
    assertFault("found nothing", "train", "--data", folder.resolve("no.jsonl"), "--out", out);
    assertFault("at least one row", "train", "--data", empty, "--out", out);
    assertFault("virtual tokens", "train", "--data", data, "--out", out, "--virtual-tokens", "0");
    assertFault("positions", "train", "--data", data, "--out", out, "--virtual-tokens", "600");
    assertFault("learning rate", "train", "--data", data, "--out", out, "--lr", "-1");
    assertFault("--schedule", "train", "--data", data, "--out", out, "--schedule", "zigzag");
    assertFault("--init text needs", "train", "--data", data, "--out", out, "--init", "text");
    assertFault("--eval", "train", "--data", data, "--out", out, "--hard-prompt", "x");
    assertFault("--eval", "train", "--data", data, "--out", out, "--patience", "2");
    assertFault("a whole number", "train", "--data", data, "--out", out, "--epochs", "many");
    assertFault("expected a number", "train", "--data", data, "--out", out, "--lr", "fast");
    assertFault("p-tuning", "train", "--data", data, "--out", out, "--encoder", "LSTM");
    assertFault("cartridge", "train", "--data", data, "--out", out, "--method", "magic");
    assertFault("--out", "train", "--data", data);
    assertFault("--data", "train", "--out", out);
    assertFault("--resume", "train", "--data", data, "--out", out, "--resume");
    assertFault("chat template", "train", "--data", talk(), "--out", out);
    assertFault("--batch-tokens", "train", "--data", data, "--out", out, "--batch-tokens", "5");
    assertFault("--labels", "train", "--data", data, "--out", out, "--loss", "labels");
    assertFault("--task-id", "evaluate", "--data", data, "--task-id", "1");
    assertFault("{text}", "train", "--data", data, "--out", out, "--template", "no place");
    assertFault(
        "there is no folder", "evaluate", "--data", data, "--adapter", folder.resolve("none"));
    assertFalse(Files.exists(out));
  }

  @Test
  void whatFailsBeforeTheFirstStepLeavesTheFolderAsItWas() throws IOException {
    Path data = rows(6);
    Path out = folder.resolve("new/adapter");
    Object[] onNoDevice = {
      "train",
      "--model",
      "test-fixtures/stories15M",
      "--data",
      data,
      "--eval",
      data,
      "--out",
      out,
      "--restart",
      "--device",
      "cuda:99"
    };
    Outcome refused = call(onNoDevice);
    assertEquals(2, refused.code(), refused.err());
    assertTrue(refused.err().contains("device cuda:99"), refused.err());
    assertFalse(Files.exists(out.getParent()));

    assertEquals(
        0,
        run("train", "--data", data, "--out", out, "--epochs", "1", "--virtual-tokens", "2")
            .code());
    Files.write(out.resolve("checkpoint.safetensors"), new byte[] {1});
    Map<Path, String> before = contents(out);
    assertEquals(2, call(onNoDevice).code());
    assertEquals(before, contents(out));
  }

  private static Map<Path, String> contents(Path folder) throws IOException {
    Map<Path, String> contents = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        contents.put(file, Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    return contents;
  }

  @Test
  void aFolderThatCannotBeMadeIsRefusedBeforeTheRun() throws IOException {
    Path data = rows(6);
    assertFault(
        "found the file " + data, "train", "--data", data, "--out", data.resolve("adapter"));
  }

  @Test
  void aModelThatIsNoneIsNamed() {
    Outcome outcome = call("train", "--model", folder, "--data", "x", "--out", "y");
    assertEquals(2, outcome.code());
    assertTrue(outcome.err().contains("preamble.json"), outcome.err());
  }

  private Path talk() throws IOException {
    return Files.writeString(
        folder.resolve("talk.jsonl"),
        """
        {"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}
        """);
  }

  private void assertFault(String part, Object... arguments) {
    Outcome outcome = run(arguments);
    assertEquals(2, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains(part), outcome.err());
    assertEquals(1, outcome.err().strip().lines().count(), outcome.err());
  }

  private Path rows(int count) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      lines.add("{\"prompt\":\"Lily saw a dog %d\",\"completion\":\" and a cat\"}".formatted(i));
    }
    return Files.write(folder.resolve("rows" + count + ".jsonl"), lines);
  }

  private Outcome run(Object... arguments) {
    List<Object> all = new ArrayList<>(List.of(arguments));
    all.addAll(1, List.of("--model", MODEL, "--threads", "2"));
    return call(all.toArray());
  }

  private static Outcome call(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] texts = new String[arguments.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = arguments[i].toString();
    }
    int code =
        Preamble.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(texts);
    return new Outcome(code, out.toString(), err.toString());
  }
}
