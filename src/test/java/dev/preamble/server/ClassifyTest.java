package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.Candidates;
import dev.preamble.generation.Classifier;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Labels of texts over HTTP. */
class ClassifyTest {
  private static final int GONE = 24;
  private static final int TEXTS = 64;

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

  private static HttpResponse<String> ask(String model, String rest) throws Exception {
    return server.json(
        "POST",
        "/v1/classify",
        "{\"model\": %s, \"labels\": [\"happy\", \"sad\", \"very big\"], %s}"
            .formatted(model, rest));
  }

  @Test
  void theScoresAreTheClassifiers() throws Exception {
    List<String> texts = List.of("The dog was", "Lily lost her toy. She was");
    HttpResponse<String> response =
        ask("\"first\"", "\"input\": [\"%s\", \"%s\"]".formatted(texts.get(0), texts.get(1)));
    assertEquals(200, response.statusCode(), response::body);
    assertEquals("first", response.headers().firstValue("preamble-adapter").orElse(""));
    JsonNode data = ServerFixture.json(response.body()).get("data");
    try (FrozenModel model = FrozenModel.open(Stories.SMALL);
        Classifier classifier = Classifier.open(model, 1)) {
      FittedAdapter adapter = FittedAdapter.fit(Adapter.open(folder.resolve("first")), model);
      for (int i = 0; i < texts.size(); i++) {
        List<Double> expected =
            classifier
                .classify(
                    Candidates.of(
                        model.tokenizer(), texts.get(i), List.of(" happy", " sad", " very big")),
                    Optional.of(adapter))
                .probabilities(false);
        double sum = 0;
        for (int label = 0; label < 3; label++) {
          double found = data.get(i).get("probs").get(label).asDouble();
          assertEquals(expected.get(label), found, 1e-5);
          sum += found;
        }
        assertEquals(1, sum, 1e-6);
      }
    }
  }

  @Test
  void severalModelsAnswerTogether() throws Exception {
    List<Double> mean = new ArrayList<>(List.of(0.0, 0.0, 0.0));
    List<String> models = List.of(BASE, "first", "second");
    for (String model : models) {
      JsonNode alone =
          ServerFixture.json(ask("\"" + model + "\"", "\"input\": \"The dog was\"").body());
      for (int label = 0; label < 3; label++) {
        double share = alone.at("/data/0/probs").get(label).asDouble() / 3;
        mean.set(label, mean.get(label) + share);
      }
    }
    JsonNode together =
        ServerFixture.json(
            ask("[\"%s\", \"first\", \"second\"]".formatted(BASE), "\"input\": \"The dog was\"")
                .body());
    for (int label = 0; label < 3; label++) {
      assertEquals(mean.get(label), together.at("/data/0/probs").get(label).asDouble(), 1e-5);
    }
    assertEquals(17, together.at("/usage/virtual_tokens").asInt());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"input\": \"\" | input",
        "\"input\": [] | input",
        "\"input\": 5 | input",
        "\"input\": \"a\", \"ensemble\": \"vote\" | ensemble",
        "\"input\": \"a\", \"temperature\": 1 | temperature",
        "\"inputs\": \"a\" | inputs"
      })
  void whatCannotBeClassifiedIsRefused(String rest, String field) throws Exception {
    HttpResponse<String> response = ask("\"first\"", rest);
    assertEquals(400, response.statusCode(), response::body);
    JsonNode error = ServerFixture.json(response.body()).get("error");
    assertEquals(field, error.get("param").asText());
    assertTrue(error.get("message").asText().startsWith(field), error::toString);
  }

  @Test
  void unknownModelsAndTextsTooLongAreRefused() throws Exception {
    assertEquals(404, ask("\"nobody\"", "\"input\": \"a\"").statusCode());
    assertEquals(
        400, ask("\"first\"", "\"input\": \"%s\"".formatted("word ".repeat(600))).statusCode());
  }

  @Test
  void nobodyWaitsForThoseWhoAreGone() throws Exception {
    String models = "[\"%s\", \"first\", \"second\"]".formatted(BASE);
    String input = "\"The dog was in the park with Lily and her mom. They were\"";
    String large =
        "\"input\": [%s]".formatted(String.join(", ", Collections.nCopies(TEXTS, input)));
    assertEquals(200, ask(models, large).statusCode());
    double before = classified();
    for (int i = 0; i < GONE; i++) {
      vanish("{\"model\": %s, \"labels\": [\"happy\", \"very big\"], %s}".formatted(models, large));
    }
    assertEquals(200, ask("\"first\"", "\"input\": \"The dog was\"").statusCode());
    double classified = classified() - before;
    assertTrue(classified < 1 + GONE * TEXTS / 2, classified + " texts were classified");
  }

  /** How many texts there have been whose clients did not go. */
  private static double classified() throws Exception {
    return server
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("preamble_classify_texts_total "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  private static void vanish(String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    try (Socket client = new Socket("127.0.0.1", server.server().port())) {
      String head =
          "POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
              .formatted(body.length);
      client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      client.getOutputStream().write(body);
      client.getOutputStream().flush();
    }
  }
}
