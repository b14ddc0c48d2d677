package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.adapters.AdapterCatalogOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A real server on a free port over the small story model and two adapters, and a client. */
final class ServerFixture implements AutoCloseable {
  static final String BASE = "stories260K";
  static final String BEGINNING = "Once upon a time";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ContractCheck CONTRACT = new ContractCheck();

  private final PreambleServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  private ServerFixture(PreambleServer server) {
    this.server = server;
  }

  /** A server over the adapters in {@code folder}. */
  static ServerFixture start(Path folder, UnaryOperator<ServerConfig> change) {
    return start(folder, change, UnaryOperator.identity());
  }

  /** As above; requests are submitted to what {@code around} makes of the engine. */
  static ServerFixture start(
      Path folder, UnaryOperator<ServerConfig> change, UnaryOperator<Engine> around) {
    return new ServerFixture(
        PreambleServer.start(
            change.apply(
                ServerConfig.of(Stories.SMALL)
                    .withAdapters(
                        AdapterCatalogOptions.NONE
                            .withFolder(Optional.of(folder))
                            .withLook(Duration.ofMillis(50)))
                    .withPort(0)
                    .withEngine(EngineOptions.defaults().withThreads(1))),
            around));
  }

  /** Saves the adapters {@code first} (6 rows) and {@code second} (11 rows). */
  static Path adapters(Path folder) {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      Stories.adapter(model, 6, 1).save(folder.resolve("first"));
      Stories.adapter(model, 11, 2).save(folder.resolve("second"));
    }
    return folder;
  }

  PreambleServer server() {
    return server;
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).build(), "");
  }

  /** Sends a request whose body is {@code body} and holds both to the contract. */
  HttpResponse<String> send(HttpRequest request, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    CONTRACT.check(request, body, response);
    return response;
  }

  /** Sends JSON to {@code path}. */
  HttpResponse<String> json(String method, String path, String body)
      throws IOException, InterruptedException {
    return send(
        request(path)
            .header("content-type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build(),
        body);
  }

  HttpClient client() {
    return client;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server.url() + path)).timeout(Duration.ofMinutes(2));
  }

  HttpRequest completion(String body) {
    return request("/v1/completions")
        .header("content-type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  HttpResponse<String> post(String body) throws IOException, InterruptedException {
    return send(completion(body), body);
  }

  /** A stream as it comes, a line an element. */
  HttpResponse<Stream<String>> open(String body) throws IOException, InterruptedException {
    return client.send(completion(body), HttpResponse.BodyHandlers.ofLines());
  }

  /** A whole answer, which must be 200. */
  JsonNode answer(ObjectNode body) throws IOException, InterruptedException {
    HttpResponse<String> response = post(body.toString());
    assertEquals(200, response.statusCode(), response::body);
    return json(response.body());
  }

  /** The chunks of a stream, which must end with [DONE]. */
  List<JsonNode> chunks(ObjectNode body) throws IOException, InterruptedException {
    HttpResponse<String> response = post(body.put("stream", true).toString());
    assertEquals(200, response.statusCode(), response::body);
    assertEquals(
        "text/event-stream; charset=utf-8",
        response.headers().firstValue("content-type").orElse(""));
    List<String> events = new ArrayList<>(List.of(response.body().split("\n\n")));
    assertEquals("data: [DONE]", events.removeLast());
    List<JsonNode> chunks = new ArrayList<>();
    for (String event : events) {
      assertEquals("data: ", event.substring(0, 6));
      chunks.add(json(event.substring(6)));
    }
    return chunks;
  }

  static ObjectNode body(String model, String prompt, int tokens) {
    return JSON.createObjectNode()
        .put("model", model)
        .put("prompt", prompt)
        .put("max_tokens", tokens)
        .put("temperature", 0);
  }

  static JsonNode json(String text) throws IOException {
    return JSON.readTree(text);
  }

  static String text(JsonNode answer) {
    return answer.at("/choices/0/text").asText();
  }

  /** Waits until nothing runs and nothing waits; fails after a while. */
  void awaitIdle() throws InterruptedException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (server.status().running() + server.status().waiting() > 0) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("still busy: " + server.status());
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
    server.close();
  }
}
