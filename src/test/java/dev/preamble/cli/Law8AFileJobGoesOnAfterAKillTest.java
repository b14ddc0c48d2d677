package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Law 8, as far as files of answers go: a process that is killed in the middle loses no answer that
 * it had written, and the same command, called again, leaves what an uninterrupted one leaves.
 */
@Timeout(300)
class Law8AFileJobGoesOnAfterAKillTest {
  @TempDir Path folder;

  private Path adapter;

  @BeforeEach
  void makeAdapter() {
    adapter = folder.resolve("adapter");
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      Stories.adapter(model, 6, 1).save(adapter);
    }
  }

  @Test
  void generating() throws Exception {
    Path in = rows("prompt", 400);
    Object[] drawn = {"--max-tokens", "24", "--temperature", "1", "--seed", "5"};
    Path whole = folder.resolve("whole.jsonl");
    Run.of(command("generate", in, whole, drawn)).done();
    Path killed = folder.resolve("killed.jsonl");
    long before = kill(killed, 400, command("generate", in, killed, drawn));
    JsonNode report = Run.of(command("generate", in, killed, drawn)).done().json();
    assertEquals(before, report.get("answered_before").longValue());
    assertEquals(Files.readString(whole), Files.readString(killed));
    System.out.printf(
        "[law 8] generate --file killed behind %d of 400 lines and called again: the bytes of an uninterrupted run%n",
        before);
  }

  /** Texts are scored many in a pass, and a pass of others may differ in a score's last bits. */
  @Test
  void classifying() throws Exception {
    Path in = rows("text", 1_500);
    Object[] labels = {"--labels", "good=happy,bad=sad"};
    Path whole = folder.resolve("whole.jsonl");
    Run.of(command("classify", in, whole, labels)).done();
    Path killed = folder.resolve("killed.jsonl");
    long before = kill(killed, 1_500, command("classify", in, killed, labels));
    JsonNode report = Run.of(command("classify", in, killed, labels)).done().json();
    assertEquals(before, report.get("answered_before").longValue());
    List<String> expected = Files.readAllLines(whole);
    List<String> found = Files.readAllLines(killed);
    assertEquals(expected.size(), found.size());
    double worst = 0;
    for (int i = 0; i < expected.size(); i++) {
      JsonNode one = Run.json(expected.get(i));
      JsonNode other = Run.json(found.get(i));
      assertEquals(one.get("line"), other.get("line"));
      worst = Math.max(worst, Math.abs(score(one) - score(other)));
    }
    assertTrue(worst < 1e-4, "scores differ by " + worst);
    System.out.printf(
        "[law 8] classify --file killed behind %d of 1500 lines and called again: the scores of an uninterrupted run within %.1e%n",
        before, worst);
  }

  private static double score(JsonNode line) {
    return line.at("/answers/0/labels/0/log_probability").doubleValue();
  }

  private Path rows(String field, int count) throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.add("{\"%s\": \"The dog saw %d cats\", \"id\": %d}".formatted(field, i, 7 * i));
    }
    return Files.write(folder.resolve("rows.jsonl"), rows);
  }

  private Object[] command(String name, Path in, Path out, Object[] more) {
    List<Object> all =
        new ArrayList<>(
            List.of(name, "--model", Stories.SMALL, "--adapter", adapter, "--json", "--quiet"));
    all.addAll(List.of("--file", in, "--out", out));
    all.addAll(List.of(more));
    return all.toArray();
  }

  /** Kills a process that runs the command once it has answered some lines; says how many. */
  private static long kill(Path out, int lines, Object[] command) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Preamble.class.getName()));
    Stream.of(command).map(Object::toString).forEach(all::add);
    Process process = new ProcessBuilder(all).inheritIO().start();
    try {
      while (!Files.exists(out) || answered(out) < lines / 20) {
        assertTrue(process.isAlive(), "the process ended by itself");
        Thread.sleep(1);
      }
    } finally {
      process.destroyForcibly().waitFor(60, TimeUnit.SECONDS);
    }
    assertEquals(128 + 9, process.exitValue(), "killed");
    long answered = answered(out);
    assertTrue(answered < lines, "it was done before it was killed");
    return answered;
  }

  private static long answered(Path out) throws IOException {
    return Files.readString(out).chars().filter(character -> character == '\n').count();
  }
}
