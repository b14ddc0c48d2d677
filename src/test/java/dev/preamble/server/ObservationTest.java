package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.EngineOptions;
import java.io.ByteArrayOutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server tells those who run it. */
class ObservationTest {
  @TempDir Path folder;

  private ServerFixture start(ServerConfig.Observation observation) {
    return ServerFixture.start(
        ServerFixture.adapters(folder), config -> config.withObservation(observation));
  }

  private static double value(String metrics, String name) {
    return metrics
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not among\n" + metrics));
  }

  @Test
  void countsAreThoseOfTheRequestsMade() throws Exception {
    try (ServerFixture server = start(new ServerConfig.Observation(false, false, true, 1))) {
      server.answer(body(BASE, BEGINNING, 4));
      server.answer(body("first", BEGINNING, 3));
      server.answer(body("second", BEGINNING, 2));
      server.post("{");
      String metrics = server.get("/metrics").body();
      for (String prefix : List.of("preamble_", "vllm:")) {
        String model = "{model_name=\"stories260K\"}";
        assertEquals(15, value(metrics, prefix + "prompt_tokens_total" + model));
        assertEquals(9, value(metrics, prefix + "generation_tokens_total" + model));
        assertEquals(3, value(metrics, prefix + "time_to_first_token_seconds_count" + model));
        assertEquals(6, value(metrics, prefix + "inter_token_latency_seconds_count" + model));
        assertEquals(3, value(metrics, prefix + "e2e_request_latency_seconds_count" + model));
        assertEquals(3, value(metrics, prefix + "request_queue_time_seconds_count" + model));
        assertEquals(3, value(metrics, prefix + "request_prefill_time_seconds_count" + model));
        assertEquals(3, value(metrics, prefix + "request_decode_time_seconds_count" + model));
        assertEquals(15, value(metrics, prefix + "request_prompt_tokens_sum" + model));
        assertEquals(9, value(metrics, prefix + "request_generation_tokens_sum" + model));
        assertEquals(0, value(metrics, prefix + "num_requests_running" + model));
        assertEquals(0, value(metrics, prefix + "num_requests_waiting" + model));
        assertEquals(
            3,
            value(
                metrics,
                prefix
                    + "request_success_total{finished_reason=\"length\",model_name=\"stories260K\"}"));
        assertEquals(2, value(metrics, prefix + "prefix_cache_queries_total" + model));
        assertEquals(0, value(metrics, prefix + "prefix_cache_hits_total" + model));
        assertTrue(metrics.contains(prefix + "kv_cache_usage_perc" + model), metrics);
      }
      assertEquals(
          3,
          value(metrics, "preamble_adapter_tokens_total{adapter=\"first\",kind=\"generation\"}"));
      assertEquals(
          2,
          value(
              metrics, "preamble_adapter_tokens_total{adapter=\"(others)\",kind=\"generation\"}"));
      assertEquals(
          6, value(metrics, "preamble_adapter_tokens_total{adapter=\"first\",kind=\"virtual\"}"));
      assertEquals(
          3,
          value(metrics, "preamble_http_requests_total{route=\"/v1/completions\",status=\"200\"}"));
      assertEquals(
          1,
          value(metrics, "preamble_http_requests_total{route=\"/v1/completions\",status=\"400\"}"));
      assertEquals(2, value(metrics, "preamble_adapters_ready"));
      assertEquals(0, value(metrics, "preamble_adapters_failed"));
      assertTrue(
          metrics.contains(
              "vllm:lora_requests_info{max_lora=\"%d\",running_lora_adapters=\"\",waiting_lora_adapters=\"\"}"
                  .formatted(EngineOptions.defaults().rows())),
          metrics);
    }
  }

  @Test
  void classificationsAreCountedApartFromTexts() throws Exception {
    try (ServerFixture server = start(new ServerConfig.Observation(false, false, true, 10))) {
      String request =
          """
          {"model": ["first", "second", "stories260K"], "input": ["The dog was", "She was"],
           "labels": ["happy", "sad"]}""";
      HttpResponse<String> answer = server.json("POST", "/v1/classify", request);
      assertEquals(200, answer.statusCode(), answer::body);
      int prompt = ServerFixture.json(answer.body()).at("/usage/prompt_tokens").asInt();
      assertTrue(prompt > 0);
      String metrics = server.get("/metrics").body();
      assertEquals(2, value(metrics, "preamble_classify_texts_total"));
      assertEquals(1, value(metrics, "preamble_classify_time_seconds_count"));
      assertEquals(1, value(metrics, "preamble_classify_queue_time_seconds_count"));
      assertTrue(value(metrics, "preamble_classify_time_seconds_sum") > 0);
      assertEquals(0, value(metrics, "preamble_classify_requests_waiting"));
      for (String adapter : List.of("first", "second", "")) {
        String label = "{adapter=\"%s\",".formatted(adapter);
        assertEquals(
            1,
            value(
                metrics,
                "preamble_adapter_requests_total" + label + "finished_reason=\"classified\"}"));
        String tokens = "preamble_adapter_tokens_total" + label + "kind=\"%s\"}";
        assertEquals(prompt, value(metrics, tokens.formatted("prompt")));
        assertEquals(
            Map.of("first", 12, "second", 22, "", 0).get(adapter),
            (int) value(metrics, tokens.formatted("virtual")));
      }
      String texts = "preamble_e2e_request_latency_seconds_count{model_name=\"stories260K\"}";
      assertEquals(0, value(metrics, texts));
    }
  }

  @Test
  void adaptersOfRunningRequestsAreNamed() throws Exception {
    AtomicReference<HeldEngine> engine = new AtomicReference<>();
    try (ServerFixture server =
        ServerFixture.start(
            ServerFixture.adapters(folder),
            config -> config.withObservation(new ServerConfig.Observation(false, false, true, 100)),
            own -> engine.updateAndGet(none -> new HeldEngine(own)))) {
      engine.get().hold();
      HttpResponse<Stream<String>> running =
          server.open(body("first", BEGINNING, 490).put("stream", true).toString());
      try (Stream<String> lines = running.body()) {
        lines.iterator().next();
        String metrics = server.get("/metrics").body();
        assertTrue(metrics.contains("running_lora_adapters=\"first\""), metrics);
      } finally {
        engine.get().letGo();
      }
    }
  }

  @Test
  void withoutTheSwitchThereAreNoNamesOfVllm() throws Exception {
    try (ServerFixture server = start(ServerConfig.Observation.SILENT)) {
      assertFalse(server.get("/metrics").body().contains("vllm"));
    }
  }

  private List<JsonNode> logged(boolean prompts) throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try (ServerFixture server = start(new ServerConfig.Observation(true, prompts, false, 10))) {
      HttpResponse<String> response =
          server.send(
              server
                  .request("/v1/completions")
                  .header("x-request-id", "mine-1")
                  .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                  .POST(BodyPublishers.ofString(body("first", BEGINNING, 2).toString()))
                  .build(),
              body("first", BEGINNING, 2).toString());
      assertEquals("mine-1", response.headers().firstValue("x-request-id").orElse(""));
      String trace = response.headers().firstValue("traceparent").orElse("");
      assertTrue(trace.matches("00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01"), trace);
      assertFalse(trace.contains("b7ad6b7169203331"), "a span of its own");
      String other =
          server
              .send(
                  server
                      .request("/v1/models")
                      .header("x-request-id", "bad id\twith spaces")
                      .header("traceparent", "00-0-0-01")
                      .build(),
                  "")
              .headers()
              .firstValue("x-request-id")
              .orElse("");
      assertTrue(other.startsWith("req-"), other);
      server.post("{\"model\": \"nobody\", \"prompt\": \"secret words\"}");
    } finally {
      System.setErr(before);
    }
    List<JsonNode> lines = new ArrayList<>();
    for (String line : log.toString(StandardCharsets.UTF_8).lines().toList()) {
      if (line.startsWith("{")) {
        lines.add(ServerFixture.json(line));
      }
    }
    return lines;
  }

  private static JsonNode find(List<JsonNode> lines, String key, String value) {
    return lines.stream()
        .filter(line -> line.path(key).asText().equals(value))
        .findFirst()
        .orElseThrow(() -> new AssertionError(value + " is not among " + lines));
  }

  @Test
  void eachRequestIsALineWithoutWhatWasAsked() throws Exception {
    List<JsonNode> lines = logged(false);
    JsonNode request = find(lines, "request_id", "mine-1");
    assertEquals("request", request.get("event").asText());
    assertEquals("/v1/completions", request.get("path").asText());
    assertEquals(200, request.get("status").asInt());
    assertEquals("first", request.get("model").asText());
    assertEquals(64, request.get("adapter_digest").asText().length());
    assertEquals(2, request.at("/usage/completion_tokens").asInt());
    assertEquals("0af7651916cd43dd8448eb211c80319c", request.get("trace_id").asText());
    assertNotEquals("b7ad6b7169203331", request.get("span_id").asText());
    assertEquals("model_not_found", find(lines, "status", "404").get("error").asText());
    assertEquals(2, lines.stream().filter(line -> is(line, "adapter_loaded")).count());
    for (String event : List.of("ready", "closing", "closed")) {
      find(lines, "event", event);
    }
    assertFalse(lines.toString().contains("Once upon"), lines::toString);
    assertFalse(lines.toString().contains("secret words"), lines::toString);
  }

  private static boolean is(JsonNode line, String event) {
    return line.get("event").asText().equals(event);
  }

  @Test
  void whatWasAskedIsLoggedWhereThatIsWanted() throws Exception {
    JsonNode request = find(logged(true), "request_id", "mine-1");
    assertEquals(BEGINNING, request.at("/prompts/0").asText());
  }

  @Test
  void aFaultOfTheServersOwnIsLoggedAndToldInGeneral() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ServerLog log = new ServerLog(Optional.of(new PrintStream(out, true)))) {
      log.fault("r-1", new IllegalStateException("the inside"));
    }
    String line = out.toString(StandardCharsets.UTF_8);
    assertTrue(line.contains("IllegalStateException: the inside"), line);
    assertTrue(line.contains("\"request_id\":\"r-1\""), line);
    assertEquals(1, line.lines().count());
    String told = ApiError.of(new IllegalStateException("the inside")).json().toString();
    assertFalse(told.contains("inside"), told);
  }

  @Test
  void aLogThatIsFullWhenItIsClosedIsWrittenToItsEnd() throws Exception {
    CountDownLatch reads = new CountDownLatch(1);
    ByteArrayOutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public void write(byte[] bytes, int offset, int length) {
            try {
              reads.await();
            } catch (InterruptedException interrupted) {
              Thread.currentThread().interrupt();
            }
            super.write(bytes, offset, length);
          }
        };
    ServerLog log = new ServerLog(Optional.of(new PrintStream(out, true)));
    for (int i = 0; i < 20_000; i++) {
      log.warning("a line");
    }
    Thread closer = Thread.ofPlatform().start(log::close);
    while (closer.getState() != Thread.State.TIMED_WAITING) {
      Thread.sleep(1);
    }
    reads.countDown();
    closer.join();
    assertFalse(log.isWriting(), "its thread has ended");
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("were left out of the log"));
  }

  @Test
  void aLogThatNobodyReadsHoldsNobodyUp() throws Exception {
    var blocked = new PipedOutputStream(new PipedInputStream(16));
    ServerLog log = new ServerLog(Optional.of(new PrintStream(blocked, true)));
    long start = System.nanoTime();
    for (int i = 0; i < 50_000; i++) {
      log.warning("a line that nobody reads");
    }
    assertTrue(System.nanoTime() - start < 60_000_000_000L);
  }
}
