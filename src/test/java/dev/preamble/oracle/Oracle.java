package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
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

  /** What a process that has ended had to say is read by then. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(5);

  private static Optional<Oracle> shared = Optional.empty();

  private final Process process;
  private final BufferedWriter requests;
  private final BlockingQueue<Optional<String>> answers = new LinkedBlockingQueue<>();
  private final Deque<String> stderr = new ArrayDeque<>();
  private final Thread drain;

  /** The oracle that {@code command} starts. */
  Oracle(List<String> command) throws IOException {
    process = PythonEnvironment.process(command).start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    requests = process.outputWriter(StandardCharsets.UTF_8);
    Thread.ofPlatform().daemon().name("oracle-answers").start(this::readAnswers);
    drain = Thread.ofPlatform().daemon().name("oracle-stderr").start(this::drainStderr);
  }

  /** The process of this JVM, started on first use and again should it have died. */
  public static synchronized Oracle shared() {
    if (shared.isEmpty() || !shared.get().process.isAlive()) {
      Path python = PythonEnvironment.python();
      try {
        shared = Optional.of(new Oracle(List.of(python.toString(), "export-scripts/oracle.py")));
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
    } catch (IOException nobodyReads) {
      return ended(command);
    }
    JsonNode answer = parsed(nextLine(command));
    if (answer.has("error")) {
      return fail(
          "oracle, command "
              + command
              + ":\n"
              + answer.path("traceback").asText(answer.toString()));
    }
    return answer;
  }

  private static JsonNode parsed(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException fault) {
      return fail("the oracle gave no JSON: " + line, fault);
    }
  }

  private String nextLine(String command) {
    try {
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES_AN_ANSWER);
      while (System.nanoTime() < deadline) {
        boolean alive = process.isAlive();
        Optional<String> line =
            answers.poll(alive ? 100 : LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
        if (line != null) {
          return line.orElseGet(() -> ended(command));
        }
        if (!alive) {
          return ended(command);
        }
      }
      process.destroyForcibly();
      return fail(
          "the oracle gave no answer to %s for %d minutes".formatted(command, MINUTES_AN_ANSWER));
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

  /** Fails with what a process that has ended, or is about to, said at last. */
  private <T> T ended(String command) {
    try {
      process.waitFor(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
      closeRequests();
      drain.join(LAST_WORDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return fail("the oracle ended at command " + command + "; its last words:\n" + lastWords());
  }

  private void closeRequests() {
    try {
      requests.close();
    } catch (IOException nobodyReads) {
      // There is nothing to be said to a process that has ended.
    }
  }

  private String lastWords() {
    synchronized (stderr) {
      return String.join("\n", stderr);
    }
  }
}
