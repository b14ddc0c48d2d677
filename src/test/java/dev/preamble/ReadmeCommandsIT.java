package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.oracle.PythonEnvironment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The README's blocks marked {@code sh} and {@code python}, one after the other, in a folder that
 * looks like the root of a checkout; with the packaged program and real PEFT.
 */
class ReadmeCommandsIT {
  /** Blocks that are not run, by a part of them, with the reason. */
  private static final Map<String, String> NOT_RUN =
      Map.of(
          "./preamble quickstart",
              "it serves on and on; QuickstartCommandTest runs it to the table",
          "mvn verify", "it runs this test",
          "-m venv", "it takes minutes; PythonEnvironment makes the same one");

  /** What the folder shares with the real checkout. */
  private static final List<String> SHARED = List.of("preamble", "test-fixtures", "export-scripts");

  private static final Pattern BLOCK =
      Pattern.compile("^```(\\w+)\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
  private static final String VENV_PYTHON = "export-scripts/.venv/bin/python";
  private static final String PORT = "8080";

  private record Block(String language, String text) {
    boolean serves() {
      return text.startsWith("./preamble serve");
    }
  }

  @TempDir Path folder;
  private final Path python = PythonEnvironment.python();
  private final int port = freePort();

  @Test
  void everyCommandWorks() throws Exception {
    for (String shared : SHARED) {
      Files.createSymbolicLink(folder.resolve(shared), Path.of(shared).toAbsolutePath());
    }
    List<Block> blocks = blocks();
    for (String part : NOT_RUN.keySet()) {
      assertTrue(
          blocks.stream().anyMatch(block -> block.text().contains(part)), "none has " + part);
    }
    List<Process> servers = new ArrayList<>();
    try {
      for (Block block : blocks) {
        if (NOT_RUN.keySet().stream().noneMatch(block.text()::contains)) {
          if (block.serves()) {
            servers.add(serve(block));
          } else {
            run(block);
          }
        }
      }
      assertEquals(1, servers.size(), "blocks that serve");
    } finally {
      for (Process server : servers) {
        server.destroy();
        assertTrue(server.waitFor(30, TimeUnit.SECONDS), "the server did not end");
      }
      for (String shared : SHARED) {
        Files.delete(folder.resolve(shared));
      }
    }
  }

  @Test
  void everyTestThatItNamesExists() throws IOException {
    List<String> names;
    try (Stream<Path> walk = Files.walk(Path.of("src/test/java"))) {
      names = walk.map(path -> path.getFileName().toString()).toList();
    }
    List<String> missing =
        Pattern.compile("`(\\w+(Test|IT))`")
            .matcher(Files.readString(Path.of("README.md")))
            .results()
            .map(match -> match.group(1))
            .filter(name -> !names.contains(name + ".java"))
            .toList();
    assertEquals(List.of(), missing);
  }

  private static List<Block> blocks() throws IOException {
    return BLOCK
        .matcher(Files.readString(Path.of("README.md")))
        .results()
        .map(match -> new Block(match.group(1), match.group(2)))
        .filter(block -> block.language().equals("sh") || block.language().equals("python"))
        .toList();
  }

  private void run(Block block) throws Exception {
    Process process = start(block, "out", "err");
    assertTrue(process.waitFor(5, TimeUnit.MINUTES), "still runs: " + block.text());
    String out = read("out");
    String all = block.text() + "\n" + out + "\n" + read("err");
    assertEquals(0, process.exitValue(), all);
    assertFalse(out.contains("\"error\""), all);
    if (block.text().contains("\"stream\": true")) {
      assertTrue(out.contains("data: [DONE]"), all);
    }
  }

  private Process serve(Block block) throws Exception {
    Process process = start(block, "served", "server-err");
    while (!read("served").contains("ready at")) {
      assertFalse(process.waitFor(100, TimeUnit.MILLISECONDS), () -> unchecked("server-err"));
    }
    assertFalse(read("server-err").contains("warning"), () -> unchecked("server-err"));
    return process;
  }

  private Process start(Block block, String out, String err) throws IOException {
    String text = block.text().replace(VENV_PYTHON, python.toString()).replace(PORT, "" + port);
    List<String> command =
        switch (block.language()) {
          case "python" -> List.of(python.toString(), "-c", text);
          // exec, so that a signal to the shell reaches the server.
          default -> List.of("sh", "-ec", block.serves() ? "exec " + text : text);
        };
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("PREAMBLE_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("HF_HUB_OFFLINE", "1");
    return builder
        .redirectOutput(folder.resolve(out).toFile())
        .redirectError(folder.resolve(err).toFile())
        .start();
  }

  private String read(String file) throws IOException {
    return Files.readString(folder.resolve(file));
  }

  private String unchecked(String file) {
    try {
      return read(file);
    } catch (IOException fault) {
      return fault.toString();
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}
