package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The exporter's and the oracle's own tests, in Python, pass: all of them, none left out. */
class ExportScriptsTest {
  private static final long MINUTES = 30;

  @Test
  void theTestsOfThePythonScriptsPass() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(PythonEnvironment.python().toString(), "-u", "-m", "unittest")
            .directory(Path.of("export-scripts").toFile())
            .redirectErrorStream(true)
            .start();
    Thread end = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(end);
    List<String> lines;
    try (var output = process.inputReader()) {
      lines = output.lines().toList();
    }
    assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES), "the tests do not end");
    Runtime.getRuntime().removeShutdownHook(end);
    // A figure may follow the dots that unittest shows as it goes.
    lines.stream()
        .map(line -> line.substring(Math.max(0, line.indexOf("[export] "))))
        .filter(line -> line.startsWith("[export] ") || line.startsWith("Ran "))
        .forEach(System.out::println);
    String said = String.join("\n", lines);
    assertEquals(0, process.exitValue(), said);
    assertEquals("OK", lines.getLast(), said);
  }
}
