package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static dev.preamble.server.ServerFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients get from a server that is well. */
class CompletionsTest {
  @TempDir static Path folder;
  private static ServerFixture server;

  @BeforeAll
  static void start() {
    server = ServerFixture.start(ServerFixture.adapters(folder), UnaryOperator.identity());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void baseAndAdaptersAreModels() throws Exception {
    JsonNode data = ServerFixture.json(server.get("/v1/models").body()).get("data");
    assertEquals(List.of(BASE, "first", "second"), data.findValuesAsText("id"));
    assertEquals(List.of(BASE, "first", "second"), server.server().models());
    assertTrue(data.get(0).get("parent").isNull());
    assertEquals(BASE, data.get(1).get("parent").asText());
    assertEquals(folder.resolve("first").toString(), data.get(1).get("root").asText());
    assertEquals(6, data.get(1).get("virtual_tokens").asInt());
    assertTrue(data.get(1).get("created").asLong() > 1_500_000_000);
    assertEquals(200, server.get("/health").statusCode());
  }

  @Test
  void aCompletionHasOpenAisShape() throws Exception {
    HttpResponse<String> response = server.post(body("first", BEGINNING, 5).toString());
    JsonNode answer = ServerFixture.json(response.body());
    assertEquals("text_completion", answer.get("object").asText());
    assertTrue(answer.get("id").asText().startsWith("cmpl-"));
    assertEquals("first", answer.get("model").asText());
    assertEquals("length", answer.at("/choices/0/finish_reason").asText());
    assertEquals(0, answer.at("/choices/0/index").asInt());
    assertTrue(answer.at("/choices/0/logprobs").isNull());
    assertEquals(5, answer.at("/usage/prompt_tokens").asInt());
    assertEquals(5, answer.at("/usage/completion_tokens").asInt());
    assertEquals(10, answer.at("/usage/total_tokens").asInt());
    assertEquals(6, answer.at("/usage/virtual_tokens").asInt(), "counted apart");
    assertEquals("first", response.headers().firstValue("preamble-adapter").orElse(""));
    assertEquals(64, response.headers().firstValue("preamble-adapter-digest").orElse("").length());
  }

  @Test
  void streamedPiecesJoinedAreTheWholeAnswer() throws Exception {
    for (String model : List.of(BASE, "first", "second")) {
      String whole = text(server.answer(body(model, BEGINNING, 60)));
      List<JsonNode> chunks = server.chunks(body(model, BEGINNING, 60));
      StringBuilder joined = new StringBuilder();
      chunks.forEach(chunk -> joined.append(text(chunk)));
      assertEquals(whole, joined.toString());
      assertTrue(chunks.size() > 10, "it comes in pieces");
      JsonNode last = chunks.removeLast();
      assertEquals("length", last.at("/choices/0/finish_reason").asText());
      chunks.forEach(
          chunk -> assertTrue(chunk.at("/choices/0/finish_reason").isNull(), chunk::toString));
      assertFalse(last.has("usage"));
    }
  }

  @Test
  void aStreamEndsWithUsageWhenItIsAskedFor() throws Exception {
    ObjectNode body = body("second", BEGINNING, 4);
    body.putObject("stream_options").put("include_usage", true);
    JsonNode last = server.chunks(body).getLast();
    assertEquals(0, last.get("choices").size());
    assertEquals(4, last.at("/usage/completion_tokens").asInt());
    assertEquals(11, last.at("/usage/virtual_tokens").asInt());
  }

  @Test
  void aStreamedAnswerComesWhileTheModelRuns() throws Exception {
    HttpResponse<Stream<String>> response =
        server.open(body(BASE, BEGINNING, 450).put("stream", true).toString());
    try (var lines = response.body()) {
      assertTrue(lines.iterator().next().startsWith("data: {"));
      assertEquals(1, server.server().status().running(), "the first piece came before the end");
    }
    server.awaitIdle();
  }

  @Test
  void stopTextsEndTheAnswer() throws Exception {
    JsonNode answer = server.answer(body(BASE, BEGINNING, 30).put("stop", " was"));
    assertEquals(", there", text(answer));
    assertEquals("stop", answer.at("/choices/0/finish_reason").asText());
    ObjectNode streamed = body(BASE, BEGINNING, 30);
    streamed.putArray("stop").add("nothing like it").add(" was");
    StringBuilder joined = new StringBuilder();
    server.chunks(streamed).forEach(chunk -> joined.append(text(chunk)));
    assertEquals(", there", joined.toString());
  }

  @Test
  void promptsMayBeTextsOrTokenIds() throws Exception {
    JsonNode single = server.answer(body(BASE, BEGINNING, 8));
    ObjectNode ids = body(BASE, "", 8);
    ids.putArray("prompt").add(1).add(403).add(407).add(261).add(378);
    assertEquals(text(single), text(server.answer(ids)));
    ObjectNode several = body(BASE, "", 8);
    several.putArray("prompt").add("The dog").add(BEGINNING).addArray().add(1).add(403);
    JsonNode answer = server.answer(several);
    assertEquals(3, answer.get("choices").size());
    assertEquals(single.at("/choices/0/text"), answer.at("/choices/1/text"));
    assertEquals(1, answer.at("/choices/1/index").asInt());
    assertEquals(24, answer.at("/usage/completion_tokens").asInt());
    Map<Integer, StringBuilder> streamed = new HashMap<>();
    for (JsonNode chunk : server.chunks(several)) {
      JsonNode choice = chunk.at("/choices/0");
      streamed
          .computeIfAbsent(choice.get("index").asInt(), index -> new StringBuilder())
          .append(choice.get("text").asText());
    }
    for (int i = 0; i < 3; i++) {
      assertEquals(answer.get("choices").get(i).get("text").asText(), streamed.get(i).toString());
    }
  }

  @Test
  void valuesThatChangeNothingAreTaken() throws Exception {
    ObjectNode body = body(BASE, BEGINNING, 8);
    String plain = text(server.answer(body));
    body.put("best_of", 1).put("top_k", -1).put("store", false).put("service_tier", "auto");
    body.putObject("metadata").put("any", "thing");
    body.put("temperature", 0.0).put("top_p", 1).put("n", 1).put("seed", 5).put("user", "me");
    body.put("echo", false).putNull("logprobs").putNull("stop").putObject("logit_bias");
    assertEquals(plain, text(server.answer(body)));
  }

  @Test
  void withoutALimitSixteenTokensCome() throws Exception {
    ObjectNode body = body(BASE, BEGINNING, 1);
    body.remove("max_tokens");
    assertEquals(16, server.answer(body).at("/usage/completion_tokens").asInt());
  }

  @Test
  void mixedClientsGetWhatEachGetsAlone() throws Exception {
    List<ObjectNode> bodies = new ArrayList<>();
    for (String prompt : List.of("It was", BEGINNING, "The dog")) {
      for (String model : List.of(BASE, "first", "second")) {
        bodies.add(body(model, prompt, 25));
      }
    }
    List<String> alone = new ArrayList<>();
    for (ObjectNode body : bodies) {
      alone.add(text(server.answer(body)));
    }
    assertNotEquals(alone.get(0), alone.get(1));
    try (ExecutorService clients = Executors.newFixedThreadPool(9)) {
      for (int round = 0; round < 3; round++) {
        List<Future<String>> answers =
            bodies.stream()
                .map(body -> clients.submit(() -> text(server.answer(body.deepCopy()))))
                .toList();
        for (int i = 0; i < bodies.size(); i++) {
          assertEquals(alone.get(i), answers.get(i).get());
        }
      }
    }
  }
}
