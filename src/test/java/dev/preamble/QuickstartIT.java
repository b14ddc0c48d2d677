package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The quickstart as a newcomer runs it: the packaged program, from the launcher to the server. */
class QuickstartIT {
  /** What each model says to a question of its task, as PEFT has it say. */
  private static final Map<String, String> ANSWERS =
      Map.of(
          "stories15M", "",
          "intents", "words",
          "banking", "secret",
          "places", "table");

  private static final Map<String, String> QUESTIONS =
      Map.of(
          "stories15M", "Once upon a time",
          "intents", "how do you say hello in french This is the",
          "banking", "how do i change my pin This is about the",
          "places", "where can i eat italian food This is about the");

  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @Test
  void brokenOffItRunsAgainAndServesFourModels() throws Exception {
    Process broken = start("--port", "0");
    await(broken, "err", Pattern.compile("epoch 1"));
    // What Ctrl-C does; its own signal is ignored where a shell runs the tests in the background.
    broken.destroy();
    assertTrue(broken.waitFor(30, TimeUnit.SECONDS), "the signal did not end it");
    assertNotEquals(0, broken.exitValue());

    Process process = start("--port", "0");
    try {
      Matcher found = await(process, "out", Pattern.compile("Serving (http://\\S+) "));
      answersAll(found.group(1));
    } finally {
      process.destroy();
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), "the server did not end");
    }
    Matcher seconds =
        Pattern.compile("([0-9.]+) s from the start of the program to this table")
            .matcher(read("out"));
    assertTrue(seconds.find(), read("out"));
    System.out.printf("[speed] quickstart: %s s from its start to the table%n", seconds.group(1));
    for (String file : List.of("README.md", "loss.png", "loss.svg", "metrics.jsonl")) {
      assertTrue(Files.exists(folder.resolve("runs/quickstart/intents").resolve(file)), file);
    }
  }

  @Test
  void aTakenPortIsToldBeforeTheTuning() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      Process process = start("--port", "" + taken.getLocalPort());
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(2, process.exitValue());
      assertTrue(read("err").contains("--port: expected a free port"), read("err"));
      assertFalse(Files.exists(folder.resolve("runs")), "something was written");
    }
  }

  private static void answersAll(String url) throws Exception {
    List<String> models = new ArrayList<>();
    get(url + "/v1/models").get("data").forEach(model -> models.add(model.get("id").asText()));
    assertEquals(List.of("stories15M", "banking", "intents", "places"), models);
    Map<String, CompletableFuture<HttpResponse<String>>> answers = new LinkedHashMap<>();
    QUESTIONS.forEach((model, question) -> answers.put(model, ask(url, model, question)));
    for (Map.Entry<String, CompletableFuture<HttpResponse<String>>> each : answers.entrySet()) {
      HttpResponse<String> response = each.getValue().get(60, TimeUnit.SECONDS);
      assertEquals(200, response.statusCode(), response.body());
      String text = JSON.readTree(response.body()).at("/choices/0/text").asText().strip();
      assertTrue(text.startsWith(ANSWERS.get(each.getKey())), each.getKey() + ": " + text);
    }
  }

  private static CompletableFuture<HttpResponse<String>> ask(
      String url, String model, String question) {
    String body =
        JSON.createObjectNode()
            .put("model", model)
            .put("prompt", question)
            .put("max_tokens", 1)
            .put("temperature", 0)
            .toString();
    return CLIENT.sendAsync(
        HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode get(String url) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
    return JSON.readTree(CLIENT.send(request, HttpResponse.BodyHandlers.ofString()).body());
  }

  private Process start(String... options) throws IOException {
    List<String> command =
        new ArrayList<>(List.of(Path.of("preamble").toAbsolutePath().toString(), "quickstart"));
    command.addAll(List.of(options));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("PREAMBLE_JAVA_HOME", System.getProperty("java.home"));
    return builder
        .redirectOutput(folder.resolve("out").toFile())
        .redirectError(folder.resolve("err").toFile())
        .start();
  }

  /** Waits until {@code pattern} stands in what the process has printed. */
  private Matcher await(Process process, String file, Pattern pattern) throws Exception {
    for (int tries = 0; tries < 1800; tries++) {
      Matcher matcher = pattern.matcher(read(file));
      if (matcher.find()) {
        return matcher;
      }
      assertFalse(process.waitFor(100, TimeUnit.MILLISECONDS), read("out") + read("err"));
    }
    throw new AssertionError(pattern + " not found in " + read("out") + read("err"));
  }

  private String read(String file) throws IOException {
    return Files.readString(folder.resolve(file));
  }
}
