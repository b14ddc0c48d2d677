package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Real PyTorch, transformers and PEFT, asked from a test: {@code Oracle.shared().call("logits",
 * Map.of("model", ..., ...))}. One Python process ({@code export-scripts/oracle.py}) answers all
 * tests of this JVM and ends with it. Where Python cannot be had, the asking test is skipped
 * loudly, or fails when the environment says {@code CI=true}.
 */
public final class Oracle {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int STDERR_LINES = 60;
  private static final long MINUTES_AN_ANSWER = 20;

  private static Optional<Oracle> shared = Optional.empty();

  private final Process process;
  private final BufferedWriter requests;
  private final BlockingQueue<Optional<String>> answers = new LinkedBlockingQueue<>();
  private final Deque<String> stderr = new ArrayDeque<>();

  private Oracle(Path python) throws IOException {
    process = new ProcessBuilder(python.toString(), "export-scripts/oracle.py").start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    requests = process.outputWriter(StandardCharsets.UTF_8);
    Thread.ofPlatform().daemon().name("oracle-answers").start(this::readAnswers);
    Thread.ofPlatform().daemon().name("oracle-stderr").start(this::drainStderr);
  }

  /** The process of this JVM, started on first use and again should it have died. */
  public static synchronized Oracle shared() {
    if (shared.isEmpty() || !shared.get().process.isAlive()) {
      Path python = PythonEnvironment.python();
      try {
        shared = Optional.of(new Oracle(python));
      } catch (IOException fault) {
        return fail("the oracle does not start with " + python, fault);
      }
    }
    return shared.get();
  }

  /**
   * The answer to {@code command}; paths, numbers, text, lists and maps may stand in {@code
   * arguments}. The test fails with Python's traceback when the command does.
   */
  public synchronized JsonNode call(String command, Map<String, ?> arguments) {
    ObjectNode request = JSON.createObjectNode().put("command", command);
    arguments.forEach(
        (name, value) ->
            request.set(
                name, JSON.valueToTree(value instanceof Path path ? path.toString() : value)));
    try {
      requests.write(request + "\n");
      requests.flush();
      JsonNode answer = JSON.readTree(nextLine(command));
      if (answer.has("error")) {
        return fail(
            "oracle, command "
                + command
                + ":\n"
                + answer.path("traceback").asText(answer.toString()));
      }
      return answer;
    } catch (IOException fault) {
      return fail(
          "the oracle died at command " + command + "; its last words:\n" + lastWords(), fault);
    }
  }

  private String nextLine(String command) {
    try {
      Optional<String> line = answers.poll(MINUTES_AN_ANSWER, TimeUnit.MINUTES);
      if (line == null) {
        process.destroyForcibly();
        return fail(
            "the oracle gave no answer to %s for %d minutes".formatted(command, MINUTES_AN_ANSWER));
      }
      return line.orElseGet(
          () ->
              fail("the oracle ended at command " + command + "; its last words:\n" + lastWords()));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return fail("interrupted while the oracle was at command " + command);
    }
  }

  private void readAnswers() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        answers.add(Optional.of(line));
      }
    } catch (IOException ended) {
      // The process is gone; the empty answer below says so.
    }
    answers.add(Optional.empty());
  }

  private void drainStderr() {
    try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (stderr) {
          stderr.addLast(line);
          if (stderr.size() > STDERR_LINES) {
            stderr.removeFirst();
          }
        }
      }
    } catch (IOException ended) {
      // Nothing more to drain.
    }
  }

  private String lastWords() {
    synchronized (stderr) {
      return String.join("\n", stderr);
    }
  }
}
