package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static dev.preamble.server.ServerFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Chats, and what completions can do beyond the most probable tokens. */
class ChatsTest {
  @TempDir static Path folder;
  private static ServerFixture server;

  @BeforeAll
  static void start() {
    server =
        ServerFixture.start(
            ServerFixture.adapters(folder.resolve("adapters")),
            config -> ChatModel.served(config, folder.resolve("model")));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static ObjectNode chat(String model, String content, int tokens) throws IOException {
    ObjectNode body = (ObjectNode) ServerFixture.json("{}");
    body.put("model", model).put("max_completion_tokens", tokens).put("temperature", 0);
    body.putArray("messages").addObject().put("role", "user").put("content", content);
    return body;
  }

  private static JsonNode answer(ObjectNode body) throws Exception {
    HttpResponse<String> response = server.json("POST", "/v1/chat/completions", body.toString());
    assertEquals(200, response.statusCode(), response::body);
    return ServerFixture.json(response.body());
  }

  private static List<JsonNode> chunks(ObjectNode body) throws Exception {
    HttpResponse<String> response =
        server.json("POST", "/v1/chat/completions", body.put("stream", true).toString());
    assertEquals(200, response.statusCode(), response::body);
    List<String> events = new ArrayList<>(List.of(response.body().split("\n\n")));
    assertEquals("data: [DONE]", events.removeLast());
    List<JsonNode> chunks = new ArrayList<>();
    for (String event : events) {
      chunks.add(ServerFixture.json(event.substring(6)));
    }
    return chunks;
  }

  @Test
  void aChatIsACompletionOfWhatTheTemplateMakesOfIt() throws Exception {
    for (String model : List.of(BASE, "first", "second")) {
      JsonNode chat = answer(chat(model, BEGINNING, 20));
      assertEquals(
          text(server.answer(body(model, BEGINNING, 20))),
          chat.at("/choices/0/message/content").asText());
      assertEquals("assistant", chat.at("/choices/0/message/role").asText());
      assertEquals("length", chat.at("/choices/0/finish_reason").asText());
      assertEquals(5, chat.at("/usage/prompt_tokens").asInt());
    }
  }

  @Test
  void aStreamedChatBeginsWithTheRoleAndEndsWithAReason() throws Exception {
    ObjectNode body = chat("first", BEGINNING, 20);
    body.putObject("stream_options").put("include_usage", true);
    String whole = answer(chat("first", BEGINNING, 20)).at("/choices/0/message/content").asText();
    List<JsonNode> chunks = chunks(body);
    assertEquals("assistant", chunks.getFirst().at("/choices/0/delta/role").asText());
    StringBuilder joined = new StringBuilder();
    chunks.forEach(chunk -> joined.append(chunk.at("/choices/0/delta/content").asText()));
    assertEquals(whole, joined.toString());
    assertEquals(20, chunks.getLast().at("/usage/completion_tokens").asInt());
    assertEquals("length", chunks.get(chunks.size() - 2).at("/choices/0/finish_reason").asText());
  }

  @Test
  void withoutALimitTheContextIsFilled() throws Exception {
    ObjectNode body = chat("second", BEGINNING, 1);
    body.remove("max_completion_tokens");
    JsonNode answer = answer(body);
    int total = answer.at("/usage/total_tokens").asInt();
    assertTrue(
        total + 11 == 512 || answer.at("/choices/0/finish_reason").asText().equals("stop"),
        answer::toString);
  }

  @Test
  void partsOfTextAreJoinedAndLaterMessagesFollow() throws Exception {
    ObjectNode body = chat(BASE, "", 8);
    ObjectNode message = (ObjectNode) body.at("/messages/0");
    message.putArray("content").addObject().put("type", "text").put("text", "Once upon");
    message.withArray("content").addObject().put("type", "text").put("text", " a");
    body.withArray("messages").addObject().put("role", "assistant").put("content", " time");
    assertEquals(
        text(server.answer(body(BASE, BEGINNING, 8))),
        answer(body).at("/choices/0/message/content").asText());
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "messages | null | missing",
        "messages | [] | found 0",
        "messages | [\"a\"] | an object",
        "messages | [{\"role\": \"user\"}] | content",
        "messages | [{\"role\": 1, \"content\": \"a\"}] | role",
        "messages | [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}] | type text",
        "messages | [{\"role\": \"user\", \"content\": \"a\", \"tool_calls\": []}] | tool_calls",
        "messages | [{\"role\": \"system\", \"content\": \"a\"}] | a user begins",
        "tools | [{}] | expected []",
        "tool_choice | \"required\" | expected none",
        "max_tokens | 3 | at odds",
        "top_logprobs | 3 | logprobs",
        "functions | [] | served are",
        "response_format | {} | type",
        "response_format | {\"type\": \"xml\"} | json_schema",
        "response_format | {\"type\": \"json_schema\"} | json_schema",
        "modalities | [\"audio\"] | text"
      })
  void aChatThatCannotBeHadIsRefused(String field, String value, String reason) throws Exception {
    ObjectNode body = chat(BASE, "a", 2);
    body.set(field, ServerFixture.json(value));
    HttpResponse<String> response = server.json("POST", "/v1/chat/completions", body.toString());
    assertEquals(400, response.statusCode(), response::body);
    JsonNode error = ServerFixture.json(response.body()).get("error");
    assertTrue(error.get("param").asText().startsWith(field), error::toString);
    assertTrue(error.get("message").asText().contains(reason), error::toString);
    assertTrue(!error.get("message").asText().contains(folder.toString()), error::toString);
  }

  @Test
  void aModelWithoutATemplateSaysSo() throws Exception {
    try (ServerFixture plain =
        ServerFixture.start(ServerFixture.adapters(folder.resolve("others")), config -> config)) {
      HttpResponse<String> response =
          plain.json("POST", "/v1/chat/completions", chat(BASE, "a", 2).toString());
      assertEquals(400, response.statusCode());
      assertTrue(response.body().contains("has no chat template"), response.body());
    }
  }

  @Test
  void aSeedFixesWhatIsDrawnAndEachOfNHasItsOwn() throws Exception {
    ObjectNode body = body(BASE, BEGINNING, 12).put("temperature", 1.5).put("seed", 7).put("n", 4);
    JsonNode one = server.answer(body);
    assertEquals(one.get("choices"), server.answer(body).get("choices"));
    Set<String> texts = new HashSet<>();
    one.get("choices").forEach(choice -> texts.add(choice.get("text").asText()));
    assertEquals(4, texts.size(), texts::toString);
    assertEquals(5, one.at("/usage/prompt_tokens").asInt(), "the prompt was read once");
    assertEquals(48, one.at("/usage/completion_tokens").asInt());
    assertNotEquals(one.get("choices"), server.answer(body.put("seed", 8)).get("choices"));
    assertEquals(
        one.at("/choices/0/text"),
        server.answer(body.put("seed", 7).put("n", 1)).at("/choices/0/text"));
  }

  @Test
  void logProbabilitiesComeInOpenAisForms() throws Exception {
    JsonNode plain = server.answer(body(BASE, BEGINNING, 6).put("logprobs", 3));
    JsonNode logprobs = plain.at("/choices/0/logprobs");
    assertEquals(6, logprobs.get("tokens").size());
    assertEquals(3, logprobs.at("/top_logprobs/0").size());
    StringBuilder joined = new StringBuilder();
    logprobs.get("tokens").forEach(token -> joined.append(token.asText()));
    assertEquals(text(plain), joined.toString());
    for (int i = 0; i < 6; i++) {
      String token = logprobs.get("tokens").get(i).asText();
      assertEquals(
          logprobs.get("token_logprobs").get(i).asDouble(),
          logprobs.get("top_logprobs").get(i).path(token).asDouble(),
          1e-6,
          "the most probable token '%s' is among the alternatives".formatted(token));
    }
    JsonNode chat = answer(chat(BASE, BEGINNING, 6).put("logprobs", true).put("top_logprobs", 2));
    JsonNode first = chat.at("/choices/0/logprobs/content/0");
    assertEquals(
        logprobs.at("/token_logprobs/0").asDouble(), first.get("logprob").asDouble(), 1e-6);
    assertEquals(2, first.get("top_logprobs").size());
    List<JsonNode> chunks = server.chunks(body(BASE, BEGINNING, 6).put("logprobs", 1));
    assertEquals(logprobs.at("/tokens/0"), chunks.getFirst().at("/choices/0/logprobs/tokens/0"));
  }

  @Test
  void anEchoScoresThePrompt() throws Exception {
    JsonNode echo = server.answer(body(BASE, BEGINNING, 0).put("echo", true).put("logprobs", 1));
    assertEquals(BEGINNING, text(echo));
    JsonNode scores = echo.at("/choices/0/logprobs/token_logprobs");
    assertEquals(5, scores.size());
    assertTrue(scores.get(0).isNull() && scores.get(4).asDouble() < 0, scores::toString);
    assertEquals(0, echo.at("/usage/completion_tokens").asInt());
    JsonNode both = server.answer(body(BASE, BEGINNING, 4).put("echo", true));
    assertEquals(BEGINNING + text(server.answer(body(BASE, BEGINNING, 4))), text(both));
    assertEquals(
        BEGINNING, text(server.chunks(body(BASE, BEGINNING, 4).put("echo", true)).getFirst()));
  }

  @Test
  void answersAreWhatTheyMustBe() throws Exception {
    for (int seed = 0; seed < 5; seed++) {
      ObjectNode choice = chat("first", BEGINNING, 40).put("temperature", 1.8).put("seed", seed);
      choice
          .putObject("response_format")
          .put("type", "choice")
          .putArray("choice")
          .add("yes")
          .add("no");
      assertTrue(
          Set.of("yes", "no").contains(answer(choice).at("/choices/0/message/content").asText()));
      ObjectNode schema = chat("first", BEGINNING, 200).put("temperature", 1.8).put("seed", seed);
      schema
          .putObject("response_format")
          .put("type", "json_schema")
          .putObject("json_schema")
          .put("name", "truth")
          .set(
              "schema",
              ServerFixture.json(
                  """
                  {"type": "object", "properties": {"good": {"type": "boolean"}},
                   "required": ["good"], "additionalProperties": false}"""));
      String json = answer(schema).at("/choices/0/message/content").asText();
      assertTrue(ServerFixture.json(json).get("good").isBoolean(), json);
      ObjectNode regex = body("second", BEGINNING, 40).put("temperature", 1.8).put("seed", seed);
      regex.putObject("structured_outputs").put("regex", "[0-9]{3}-[a-c]+x");
      assertTrue(text(server.answer(regex)).matches("[0-9]{3}-[a-c]+x?"));
    }
  }

  @Test
  void textsBecomeTokensAndTokensTexts() throws Exception {
    String tokenized =
        server
            .json(
                "POST",
                "/v1/tokenize",
                "{\"model\": \"first\", \"prompt\": \"Once upon a time\", \"return_token_strs\": true}")
            .body();
    JsonNode tokens = ServerFixture.json(tokenized);
    assertEquals("[1,403,407,261,378]", tokens.get("tokens").toString());
    assertEquals(5, tokens.get("count").asInt());
    String text =
        server
            .json(
                "POST",
                "/v1/detokenize",
                "{\"model\": \"first\", \"tokens\": %s, \"skip_special_tokens\": true}"
                    .formatted(tokens.get("tokens")))
            .body();
    assertEquals(BEGINNING, ServerFixture.json(text).get("prompt").asText());
    for (String bad : List.of("[512]", "[-1]", "\"a\"", "null")) {
      assertEquals(
          400,
          server
              .json(
                  "POST", "/v1/detokenize", "{\"model\": \"first\", \"tokens\": %s}".formatted(bad))
              .statusCode());
    }
  }
}
