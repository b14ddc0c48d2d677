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
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of prompts: order, bad lines, and going on where a run was ended. */
class GenerateFileTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void everyLineIsAnsweredInItsOrderABadOneWithItsReason() throws Exception {
    Path answers = folder.resolve("out.jsonl");
    assertEquals(0, run(answers, prompts(300), "--max-tokens", "4", "--json"), err::toString);
    List<JsonNode> lines = lines(answers);
    assertEquals(300, lines.size());
    for (int i = 0; i < 300; i++) {
      assertEquals(i + 1, lines.get(i).get("line").intValue());
    }
    assertTrue(lines.get(3).get("error").asText().contains("expected JSON"));
    assertTrue(lines.get(7).get("error").asText().contains("\"prompt\""));
    assertTrue(lines.get(9).get("error").asText().contains("context has 512 positions"));
    assertEquals("seven", lines.get(6).get("id").asText());
    assertEquals(4, lines.get(5).at("/answers/0/completion_tokens").intValue());
    assertTrue(err.toString().contains("line 4: expected JSON"), err.toString());
    JsonNode report = new ObjectMapper().readTree(out.toString());
    assertEquals(300, report.get("answered").intValue());
    assertEquals(3, report.get("bad").intValue());
  }

  @Test
  void aRunThatWasEndedGoesOnBehindItsLastWholeLine() throws Exception {
    Path prompts = prompts(40);
    Path whole = folder.resolve("whole.jsonl");
    String[] warm = {"--max-tokens", "5", "--temperature", "1", "--seed", "5", "--n", "2"};
    assertEquals(0, run(whole, prompts, warm), err::toString);
    byte[] all = Files.readAllBytes(whole);
    for (int cut : new int[] {0, 1, all.length / 3, all.length - 1, all.length}) {
      Path ended = folder.resolve("ended" + cut);
      Files.write(ended, Arrays.copyOf(all, cut));
      assertEquals(0, run(ended, prompts, warm), err::toString);
      assertEquals(new String(all), Files.readString(ended), "cut at " + cut);
    }
    List<JsonNode> lines = lines(whole);
    assertNotEquals(lines.get(0).at("/answers/0/text"), lines.get(0).at("/answers/1/text"));
  }

  @Test
  void aFileOfBadLinesAloneIsRefusedAndAnsweredOnceItIsMended() throws Exception {
    Path rows = folder.resolve("rows.jsonl");
    Files.write(rows, new byte[] {'{', '\n', '\n', (byte) 0xFF, '\n', '[', ']', '\n'});
    Path answers = folder.resolve("answers.jsonl");
    assertEquals(2, run(answers, rows));
    assertTrue(err.toString().contains("line 1: expected JSON"), err.toString());
    assertTrue(err.toString().contains("line 3: expected UTF-8 text"), err.toString());
    assertTrue(err.toString().contains("line 4: expected fields"), err.toString());
    assertTrue(err.toString().contains("found none among 3;"), err.toString());
    assertFalse(Files.exists(answers));

    Files.writeString(rows, "\uFEFF{\"prompt\": \"Once\"}\r\n{\"prompt\": \r\n");
    assertEquals(0, run(answers, rows, "--max-tokens", "2"), err::toString);
    List<JsonNode> lines = lines(answers);
    assertEquals(2, lines.getFirst().at("/answers/0/completion_tokens").intValue());
    assertTrue(lines.getLast().has("error"));

    Files.writeString(rows, "{}\n", StandardOpenOption.APPEND);
    assertEquals(0, run(answers, rows), "an earlier run answered a line");
    assertEquals(3, lines(answers).size());
  }

  @Test
  void anotherFileIsNotWrittenBehind() throws Exception {
    Path notes = folder.resolve("notes.txt");
    Files.writeString(notes, "to do: everything\n");
    assertEquals(2, run(notes, prompts(3)));
    assertTrue(err.toString().contains("expected answers of an earlier run"), err.toString());
    assertEquals("to do: everything\n", Files.readString(notes));
  }

  @Test
  void severalAdaptersAnswerEveryLine() throws Exception {
    Path adapter = folder.resolve("adapter");
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      Stories.adapter(model, 6, 1).save(adapter);
    }
    Path answers = folder.resolve("both.jsonl");
    String[] both = {"--adapter", adapter.toString(), "--adapter", adapter.toString()};
    assertEquals(0, run(answers, prompts(3), both), err::toString);
    JsonNode first = lines(answers).getFirst();
    assertEquals(2, first.get("answers").size());
    assertEquals(adapter.toString(), first.at("/answers/1/adapter").asText());
    assertEquals(first.at("/answers/0/text"), first.at("/answers/1/text"));
    assertFalse(first.at("/answers/0/text").asText().isEmpty());
  }

  /** Prompts of which lines 4, 8 and 10 are bad. */
  private Path prompts(int count) throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      lines.add(
          switch (i) {
            case 2 -> "{\"token_ids\": [1, 403, 407]}";
            case 4 -> "{\"prompt\": ";
            case 7 -> "{\"prompt\": \"The dog\", \"id\": \"seven\"}";
            case 8 -> "{\"question\": \"?\"}";
            case 10 -> "{\"prompt\": \"" + "long ".repeat(600) + "\"}";
            default -> "{\"prompt\": \"Once upon " + i + "\"}";
          });
    }
    Path file = folder.resolve("prompts" + count);
    Files.write(file, lines);
    return file;
  }

  private static List<JsonNode> lines(Path file) throws Exception {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      lines.add(new ObjectMapper().readTree(line));
    }
    return lines;
  }

  private int run(Path answers, Path prompts, String... more) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all =
        new ArrayList<>(
            List.of(
                "generate",
                "--model",
                Stories.SMALL.toString(),
                "--file",
                prompts.toString(),
                "--out",
                answers.toString()));
    all.addAll(List.of(more));
    return Preamble.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }
}
