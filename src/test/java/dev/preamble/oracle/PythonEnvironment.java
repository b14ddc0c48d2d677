package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * The Python that has what {@code export-scripts/requirements.txt} pins: the one that the
 * environment variable PREAMBLE_PYTHON names, or the one in {@code export-scripts/.venv}, which is
 * made, and brought up to the pins, when it must be.
 */
public final class PythonEnvironment {
  private static final Path SCRIPTS = Path.of("export-scripts").toAbsolutePath();
  private static final Path VENV = SCRIPTS.resolve(".venv");
  private static final Path REQUIREMENTS = SCRIPTS.resolve("requirements.txt");

  /** A copy of the requirements that the environment was last brought up to. */
  private static final Path INSTALLED = VENV.resolve("installed-requirements.txt");

  private static Optional<Path> found = Optional.empty();

  private PythonEnvironment() {}

  /** The interpreter; aborts the asking test, or fails it under CI, where there is none. */
  public static synchronized Path python() {
    if (found.isEmpty()) {
      found = Optional.of(find());
    }
    return found.get();
  }

  private static Path find() {
    String named = System.getenv("PREAMBLE_PYTHON");
    if (named != null && !named.isBlank()) {
      Path python = Path.of(named);
      return Files.isExecutable(python)
          ? python
          : fail("PREAMBLE_PYTHON names " + named + ", which is no executable file");
    }
    try {
      Path python = VENV.resolve("bin/python");
      if (!Files.isExecutable(python)) {
        if (!succeeds("python3", "--version")) {
          return missing("there is no python3 on the PATH");
        }
        say("making export-scripts/.venv for the tests against real PEFT; this happens once");
        if (!succeeds("python3", "-m", "venv", VENV.toString())) {
          return missing("python3 -m venv failed (its output is above)");
        }
      }
      if (!Files.exists(INSTALLED) || Files.mismatch(INSTALLED, REQUIREMENTS) != -1) {
        say("installing export-scripts/requirements.txt (PyTorch is large: this takes minutes)");
        if (!succeeds(
            python.toString(),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "-r",
            REQUIREMENTS.toString())) {
          return missing(
              "pip could not install export-scripts/requirements.txt (its output is above)");
        }
        Files.copy(REQUIREMENTS, INSTALLED, StandardCopyOption.REPLACE_EXISTING);
      }
      return python;
    } catch (IOException fault) {
      return fail("cannot prepare export-scripts/.venv", fault);
    }
  }

  /**
   * What starts {@code command} in Python with memory as Python's users have it: this JVM's may
   * have been tuned for what trains here, which makes PEFT's steps slower.
   */
  public static ProcessBuilder process(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().remove("GLIBC_TUNABLES");
    return builder;
  }

  /** Runs a command with its output shown. */
  private static boolean succeeds(String... command) throws IOException {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      Process process = builder.start();
      try (var lines = process.inputReader()) {
        lines.lines().forEach(PythonEnvironment::say);
      }
      return process.waitFor() == 0;
    } catch (IOException notThere) {
      return false;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Path missing(String reason) {
    String message = "SKIPPED, not compared with real PEFT: " + reason;
    if ("true".equals(System.getenv("CI"))) {
      return fail("CI asks for the comparison with real PEFT, but " + reason);
    }
    say(message);
    Assumptions.abort(message);
    return fail(message);
  }

  private static void say(String line) {
    System.err.println("[oracle] " + line);
  }
}
