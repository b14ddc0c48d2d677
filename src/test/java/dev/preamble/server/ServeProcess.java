package dev.preamble.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server in a process of its own, to be killed. */
public final class ServeProcess implements AutoCloseable {
  private final Process process;
  private final URI url;

  private ServeProcess(Process process, URI url) {
    this.process = process;
    this.url = url;
  }

  /** Serves {@code model} with {@code options}, on a free port, and waits until it is ready. */
  public static ServeProcess start(Path model, String... options) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.preamble.cli.Preamble",
                "serve",
                "--no-log",
                "--threads",
                "1",
                "--port",
                "0",
                "--model",
                model.toString()));
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader out = process.inputReader();
    String ready = out.readLine();
    if (ready == null || !ready.startsWith("ready at ")) {
      process.destroyForcibly();
      throw new IOException("the server is not ready: " + ready);
    }
    return new ServeProcess(process, URI.create(ready.split(" ")[2].replaceFirst(":$", "")));
  }

  /** Where it listens. */
  public URI url() {
    return url;
  }

  /** Sends SIGTERM. */
  public void terminate() {
    process.destroy();
  }

  /** Sends SIGKILL and waits for the end. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Waits for the end; gives the exit code, or fails after {@code seconds}. */
  public int exit(int seconds) throws InterruptedException {
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      throw new AssertionError("the process has not ended within %d s".formatted(seconds));
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
