package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.ServeProcess;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeCommandTest {
  private static final String LONG =
      """
      {"model": "robot", "prompt": "Once upon a time", "max_tokens": 480, "stream": true}\
      """;

  @TempDir Path folder;

  @Test
  void aTerminatedProcessFinishesItsStreams() throws Exception {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      Stories.adapter(model, 6, 1).save(folder.resolve("robot"));
    }
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Preamble.class.getName(),
                "serve",
                "--model",
                Stories.SMALL.toString(),
                "--adapters",
                folder.toString(),
                "--port",
                "0",
                "--grace",
                "3600",
                "--threads",
                "1")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out = process.inputReader();
        HttpClient client = HttpClient.newHttpClient()) {
      String ready = out.readLine();
      assertTrue(
          ready.matches("ready at http://127\\.0\\.0\\.1:\\d+: stories260K with adapters robot"),
          ready);
      URI completions = URI.create(ready.split(" ")[2].replaceFirst(":$", "/v1/completions"));
      List<String> events = new ArrayList<>();
      try (Stream<String> stream = stream(client, completions, LONG)) {
        Iterator<String> lines = stream.iterator();
        events.add(lines.next());
        process.destroy();
        lines.forEachRemaining(events::add);
      }
      events.removeIf(String::isEmpty);
      assertEquals("data: [DONE]", events.getLast());
      assertTrue(events.get(events.size() - 2).contains("\"finish_reason\":\"length\""));
      assertTrue(process.waitFor(300, TimeUnit.SECONDS), "the process ends");
      assertEquals(143, process.exitValue());
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aSecondSignalEndsTheProcessAtOnce() throws Exception {
    String body = LONG.replace("robot", "stories260K").replace("}", ", \"n\": 64}");
    try (ServeProcess server = ServeProcess.start(Stories.SMALL, "--grace", "600");
        HttpClient client = HttpClient.newHttpClient();
        Stream<String> stream = stream(client, server.url().resolve("/v1/completions"), body)) {
      Iterator<String> lines = stream.iterator();
      lines.next();
      server.terminate();
      for (int i = 0; i < 50; i++) {
        assertTrue(!lines.next().contains("[DONE]"), "it goes on after the first signal");
      }
      server.terminate();
      assertEquals(143, server.exit(30));
    }
  }

  @Test
  void whatCannotBeServedIsSaidInOneLine() throws Exception {
    refused("expected a loopback address", "--host", "0.0.0.0");
    refused("expected the folder of an exported model", "--port", "0", "--model", "none");
    refused("found an adapter", "--port", "0", "--adapters", "test-fixtures/adapters/prompt-llama");
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      refused("is taken by another program", "--port", "" + other.getLocalPort());
    }
  }

  /**
   * The lines that answer {@code body}. To be closed: a client that is closed waits for each answer
   * that is neither read to its end nor given up.
   */
  private static Stream<String> stream(HttpClient client, URI uri, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString(body)).build();
    return client.send(request, HttpResponse.BodyHandlers.ofLines()).body();
  }

  private static void refused(String reason, String... arguments) {
    List<String> all = new ArrayList<>(List.of("serve"));
    all.addAll(List.of(arguments));
    if (!all.contains("--model")) {
      all.addAll(List.of("--model", Stories.SMALL.toString()));
    }
    StringWriter err = new StringWriter();
    int code =
        Preamble.commandLine()
            .setErr(new PrintWriter(err, true))
            .execute(all.toArray(String[]::new));
    assertEquals(2, code);
    String message = err.toString().strip();
    assertTrue(message.startsWith("preamble: ") && message.contains(reason), message);
    assertEquals(1, message.lines().count(), message);
  }
}
