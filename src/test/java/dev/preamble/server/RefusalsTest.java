package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What clients are told when a request cannot be fulfilled; each error names its field. */
class RefusalsTest {
  private static final int BODY_LIMIT = 20_000;

  @TempDir static Path folder;
  private static ServerFixture server;

  @BeforeAll
  static void start() {
    server =
        ServerFixture.start(
            ServerFixture.adapters(folder),
            config ->
                config.withLimits(
                    ServerConfig.Limits.DEFAULTS.withBodyBytes(BODY_LIMIT).withRows(4)));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "model             | \"nobody\"        | 404 | nobody",
        "model             | 7                 | 400 | a text",
        "model             | null              | 400 | missing",
        "prompt            | null              | 400 | missing",
        "prompt            | 5                 | 400 | token ids",
        "prompt            | []                | 400 | none",
        "prompt            | [[]]              | 400 | token ids",
        "prompt            | [1, 512]          | 400 | 0 to 511",
        "prompt            | [1, -1]           | 400 | at least 0",
        "prompt            | [1, \"a\"]        | 400 | whole number",
        "prompt            | [1.5]             | 400 | whole number",
        "prompt            | [\"a\", {}]       | 400 | prompt[1]",
        "prompt            | [\"a\",\"a\",\"a\",\"a\",\"a\"] | 400 | at most 4",
        "max_tokens        | 0                 | 400 | at least 1",
        "max_tokens        | 1.5               | 400 | whole number",
        "max_tokens        | 99999999999       | 400 | whole number",
        "max_tokens        | 600               | 400 | 512 positions",
        "temperature       | 2.5               | 400 | from 0 to 2",
        "temperature       | -1                | 400 | at least 0",
        "temperature       | \"0\"             | 400 | a number",
        "top_p             | 0                 | 400 | above 0",
        "top_p             | 1.5               | 400 | up to 1",
        "top_k             | 1.5               | 400 | whole number",
        "min_p             | 2                 | 400 | from 0 to 1",
        "n                 | 0                 | 400 | at least 1",
        "n                 | 5                 | 400 | at most 4",
        "best_of           | 3                 | 400 | expected 1",
        "echo              | \"yes\"           | 400 | true or false",
        "logprobs          | -1                | 400 | at least 0",
        "logprobs          | 21                | 400 | 0 to 20",
        "suffix            | \"end\"           | 400 | expected null",
        "presence_penalty  | 3                 | 400 | -2",
        "frequency_penalty | -3                | 400 | -2",
        "repetition_penalty | 0                | 400 | above 0",
        "logit_bias        | {\"five\": 1}     | 400 | token ids",
        "logit_bias        | {\"5\": 101}      | 400 | 100",
        "logit_bias        | [5]               | 400 | an object",
        "stop_token_ids    | [\"a\"]           | 400 | whole number",
        "min_tokens        | 20                | 400 | max_tokens",
        "timeout           | 0                 | 400 | above 0",
        "seed              | \"x\"             | 400 | whole number",
        "stop              | \"\"              | 400 | not empty",
        "stop              | [\"a\",\"b\",\"c\",\"d\",\"e\"] | 400 | at most 4",
        "stop              | 3                 | 400 | a text",
        "stream            | \"yes\"           | 400 | true or false",
        "stream_options    | {}                | 400 | stream",
        "guided_grammar    | \"a\"             | 400 | served are",
        "prompt_embeds     | \"gASV\"          | 400 | served are"
      })
  void aFieldThatCannotBeTakenIsNamed(String field, String value, int status, String reason)
      throws Exception {
    String body =
        """
        {"model": "%s", "prompt": "a"}\
        """
            .formatted(BASE);
    JsonNode fields = ServerFixture.json(body);
    ((ObjectNode) fields).set(field, ServerFixture.json(value));
    JsonNode error = refused(fields.toString(), status);
    assertEquals(field, error.get("param").asText());
    assertTrue(error.get("message").asText().startsWith(field), error::toString);
    assertTrue(error.get("message").asText().contains(reason), error::toString);
    assertEquals("invalid_request_error", error.get("type").asText());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``",
        "{",
        "[]",
        "\"text\"",
        "nul",
        "{} {}",
        "{\"model\": \"a\", \"model\": \"b\"}",
        "{'a': 1}"
      })
  void aBodyThatIsNoJsonObjectIsRefused(String body) throws Exception {
    JsonNode error = refused(body, 400);
    assertTrue(error.get("param").isNull());
    assertFalse(error.get("message").asText().contains("REDACTED"), error::toString);
  }

  @Test
  void deepNestingIsRefused() throws Exception {
    refused("[".repeat(5000), 400);
  }

  @Test
  void aBodyThatIsTooLargeIsRefusedAndTheServerGoesOn() throws Exception {
    refused("{\"model\": \"" + "x".repeat(BODY_LIMIT) + "\"}", 413);
    refused("{\"model\": \"" + "x".repeat(40 * BODY_LIMIT) + "\"}", 413);
    assertEquals(200, server.get("/health").statusCode());
  }

  @Test
  void aPromptThatFillsTheContextIsRefusedWithTheVirtualTokensCounted() throws Exception {
    String ids = "1,".repeat(505) + "1";
    String body = "{\"model\":\"first\",\"prompt\":[%s],\"max_tokens\":1}".formatted(ids);
    String message = refused(body, 400).get("message").asText();
    assertTrue(message.contains("512 positions") && message.contains("6 virtual"), message);
  }

  @Test
  void unknownPathsAndMethodsAreRefusedInTheSameForm() throws Exception {
    assertEquals(404, server.get("/v1/nothing").statusCode());
    HttpResponse<String> response = server.get("/v1/completions");
    assertEquals(405, response.statusCode());
    assertTrue(ServerFixture.json(response.body()).at("/error/message").isTextual());
  }

  @ParameterizedTest
  @CsvSource({
    "GET /v1/adapters/%zz, 400, invalid_path",
    "GET health, 404, not_found",
    "CONNECT other:443, 404, not_found"
  })
  void whatHasNoPathOrAMalformedOneIsRefusedInTheSameForm(String line, int status, String code)
      throws Exception {
    URI url = URI.create(server.server().url());
    try (Socket client = new Socket(url.getHost(), url.getPort())) {
      client
          .getOutputStream()
          .write(
              (line + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(answer.startsWith("HTTP/1.1 %d ".formatted(status)), answer);
      JsonNode error = ServerFixture.json(answer.substring(answer.indexOf("\r\n\r\n") + 4));
      assertEquals(code, error.at("/error/code").asText(), answer);
    }
  }

  @Test
  void aBodyWithoutItsContentTypeIsTakenAsJson() throws Exception {
    HttpRequest request =
        server
            .request("/v1/completions")
            .header("content-type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(ServerFixture.body(BASE, "a", 2).toString()))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      assertEquals(200, client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    }
  }

  private static JsonNode refused(String body, int status) throws Exception {
    HttpResponse<String> response = server.post(body);
    assertEquals(status, response.statusCode(), response::body);
    assertEquals("application/json", response.headers().firstValue("content-type").orElse(""));
    JsonNode error = ServerFixture.json(response.body()).get("error");
    for (String part : List.of("message", "type", "param", "code")) {
      assertTrue(error.has(part), error::toString);
    }
    return error;
  }
}
