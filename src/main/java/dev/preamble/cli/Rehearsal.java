package dev.preamble.cli;

import dev.preamble.server.PreambleServer;
import dev.preamble.server.ServerConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The commands' start in one process. The launcher runs it once, for the JVM to record what it
 * loads and to start faster from that record.
 */
final class Rehearsal {
  private static final String REQUEST =
      """
      {"model": "%s", "prompt": "Once", "max_tokens": 2}""";

  private Rehearsal() {}

  /** Runs commands on the model and the adapter in the folders given. */
  public static void main(String[] folders) throws IOException {
    WarningLog.install();
    String model = folders[0];
    int failed =
        Preamble.run("--version")
            + Preamble.run("adapter", "inspect", folders[1])
            + Preamble.run("generate", "--model", model, "--prompt", "Once", "--max-tokens", "2");
    try (PreambleServer server =
        PreambleServer.start(ServerConfig.of(Path.of(model)).withPort(0))) {
      ask(server.url() + "/v1/completions", REQUEST.formatted(server.models().getFirst()));
    }
    System.exit(failed == 0 ? 0 : 1);
  }

  private static void ask(String url, String body) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setDoOutput(true);
    connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
    try (InputStream answer = connection.getInputStream()) {
      answer.readAllBytes();
    }
  }
}
