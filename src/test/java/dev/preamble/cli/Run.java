package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a command line gave.
 *
 * @param code the exit code
 * @param out standard output
 * @param err standard error
 */
record Run(int code, String out, String err) {
  static Run of(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Preamble.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
    return new Run(code, out.toString(), err.toString());
  }

  /** The same, which must have gone well. */
  Run done() {
    assertEquals(0, code, err);
    return this;
  }

  /** The same, which must have been refused in one line that says {@code reason}. */
  Run refused(String reason) {
    assertEquals(2, code, out);
    String message = err.strip();
    assertTrue(message.startsWith("preamble: ") && message.contains(reason), message);
    assertFalse(message.contains("\n"), message);
    return this;
  }

  /** The lines of standard output. */
  List<String> lines() {
    return out.lines().toList();
  }

  /** Standard output as one JSON value. */
  JsonNode json() {
    return json(out);
  }

  static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (JsonProcessingException fault) {
      throw new AssertionError(text, fault);
    }
  }
}
