package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static dev.preamble.server.ServerFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import dev.preamble.oracle.PythonEnvironment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own clients, for Java and for Python, take the server for theirs. */
class OpenAiClientsTest {
  private static final String SCRIPT =
      """
      import json, sys
      import openai
      client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="any", max_retries=0)
      asked = dict(model="first", temperature=0)
      prompt = "Once upon a time"
      messages = [{"role": "user", "content": prompt}]
      found = {
          "models": [model.id for model in client.models.list()],
          "completion": client.completions.create(prompt=prompt, max_tokens=9, **asked).choices[0].text,
          "stream": "".join(
              chunk.choices[0].text
              for chunk in client.completions.create(prompt=prompt, max_tokens=9, stream=True, **asked)),
          "chat": client.chat.completions.create(
              messages=messages, max_completion_tokens=9, **asked).choices[0].message.content,
          "chat_stream": "".join(
              chunk.choices[0].delta.content or ""
              for chunk in client.chat.completions.create(
                  messages=messages, max_completion_tokens=9, stream=True, **asked)),
          "logprobs": len(client.chat.completions.create(
              messages=messages, max_completion_tokens=9, logprobs=True, top_logprobs=2, **asked
          ).choices[0].logprobs.content[0].top_logprobs),
      }
      try:
          client.completions.create(model="nobody", prompt=prompt)
      except openai.NotFoundError as fault:
          found["fault"] = fault.body["code"]
      print(json.dumps(found))
      """;

  @TempDir static Path folder;
  private static ServerFixture server;
  private static OpenAIClient client;
  private static String expected;

  @BeforeAll
  static void start() throws Exception {
    server =
        ServerFixture.start(
            ServerFixture.adapters(folder.resolve("adapters")),
            config -> ChatModel.served(config, folder.resolve("model")));
    client =
        OpenAIOkHttpClient.builder().baseUrl(server.server().url() + "/v1").apiKey("any").build();
    expected = text(server.answer(body("first", BEGINNING, 9)));
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static CompletionCreateParams completion(String model) {
    return CompletionCreateParams.builder()
        .model(model)
        .prompt(BEGINNING)
        .maxTokens(9)
        .temperature(0)
        .build();
  }

  private static ChatCompletionCreateParams chat() {
    return ChatCompletionCreateParams.builder()
        .model("first")
        .addUserMessage(BEGINNING)
        .maxCompletionTokens(9)
        .temperature(0)
        .build();
  }

  @Test
  void theClientForJavaListsCompletesChatsAndStreams() {
    assertEquals(
        List.of(BASE, "first", "second"),
        client.models().list().data().stream().map(Model::id).toList());
    Completion whole = client.completions().create(completion("first"));
    assertEquals(expected, whole.choices().getFirst().text());
    assertEquals(9, whole.usage().orElseThrow().completionTokens());
    StringBuilder joined = new StringBuilder();
    try (StreamResponse<Completion> chunks =
        client.completions().createStreaming(completion("first"))) {
      chunks.stream().forEach(chunk -> joined.append(chunk.choices().getFirst().text()));
    }
    assertEquals(expected, joined.toString());
    var answer = client.chat().completions().create(chat());
    assertEquals(expected, answer.choices().getFirst().message().content().orElseThrow());
    StringBuilder said = new StringBuilder();
    try (StreamResponse<ChatCompletionChunk> chunks =
        client.chat().completions().createStreaming(chat())) {
      chunks.stream()
          .forEach(chunk -> said.append(chunk.choices().getFirst().delta().content().orElse("")));
    }
    assertEquals(expected, said.toString());
    NotFoundException fault =
        assertThrows(
            NotFoundException.class, () -> client.completions().create(completion("nobody")));
    assertEquals("model_not_found", fault.code().orElse(""));
  }

  @Test
  void theClientForPythonListsCompletesChatsAndStreams() throws Exception {
    Process python =
        new ProcessBuilder(
                PythonEnvironment.python().toString(), "-c", SCRIPT, server.server().url())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, python.waitFor(), out);
    JsonNode found = ServerFixture.json(out);
    assertEquals("[\"%s\",\"first\",\"second\"]".formatted(BASE), found.get("models").toString());
    for (String way : List.of("completion", "stream", "chat", "chat_stream")) {
      assertEquals(expected, found.get(way).asText(), way);
    }
    assertEquals(2, found.get("logprobs").asInt());
    assertTrue(found.path("fault").asText().equals("model_not_found"), out);
  }
}
