package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.server.access.ApiKey;
import dev.preamble.server.access.KeyFile;
import dev.preamble.server.access.NamePattern;
import dev.preamble.server.access.Role;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What keys open, over a real connection. */
class AccessTest {
  private static final String ADMIN = ApiKey.newSecret();
  private static final String SECOND_ONLY = ApiKey.newSecret();
  private static final String METRICS = ApiKey.newSecret();
  private static final String HURRIED = ApiKey.newSecret();

  @TempDir static Path folder;
  private static Path keys;
  private static ServerFixture server;

  @BeforeAll
  static void start() {
    keys = folder.resolve("keys.yaml");
    add("root", ADMIN, Role.ADMIN, OptionalInt.empty());
    add("carol", SECOND_ONLY, Role.INFER, OptionalInt.empty(), "sec*");
    add("prometheus", METRICS, Role.METRICS, OptionalInt.empty());
    add("hurried", HURRIED, Role.INFER, OptionalInt.of(2));
    server =
        ServerFixture.start(
            ServerFixture.adapters(folder.resolve("adapters")),
            config -> config.withAccess(ServerConfig.Access.keys(keys)));
  }

  private static void add(
      String name, String secret, Role role, OptionalInt rate, String... models) {
    KeyFile.add(
        keys,
        new ApiKey(
            name,
            ApiKey.hash(secret),
            role,
            List.of(models).stream().map(NamePattern::new).toList(),
            rate));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static HttpResponse<String> ask(String method, String path, String key, String body)
      throws Exception {
    HttpRequest.Builder request =
        server.request(path).method(method, BodyPublishers.ofString(body));
    if (!key.isEmpty()) {
      request.header("authorization", "Bearer " + key);
    }
    if (!body.isEmpty()) {
      request.header("content-type", "application/json");
    }
    return server.send(request.build(), body);
  }

  private static List<String> models(String key) throws Exception {
    JsonNode list = ServerFixture.json(ask("GET", "/v1/models", key, "").body());
    return list.get("data").findValuesAsText("id");
  }

  @Test
  void withoutAValidKeyNothingButHealthIsAnswered() throws Exception {
    for (String wrong : List.of("", "pk-wrong", ADMIN.substring(0, 40))) {
      for (String path : List.of("/v1/models", "/metrics", "/v1/adapters", "/v1/nothing")) {
        HttpResponse<String> response = ask("GET", path, wrong, "");
        assertEquals(401, response.statusCode(), path);
        assertEquals("Bearer", response.headers().firstValue("www-authenticate").orElse(""));
        assertEquals(
            "authentication_error", ServerFixture.json(response.body()).at("/error/type").asText());
      }
      assertEquals(
          401, ask("POST", "/v1/completions", wrong, body(BASE, "a", 1).toString()).statusCode());
    }
    for (String path : List.of("/health/live", "/health/ready", "/health", "/version")) {
      assertEquals(200, ask("GET", path, "", "").statusCode(), path);
    }
  }

  @Test
  void aKeyReachesItsModelsAndSeesNoOthers() throws Exception {
    assertEquals(List.of(BASE, "first", "second"), models(ADMIN));
    assertEquals(List.of("second"), models(SECOND_ONLY));
    String list = ask("GET", "/v1/adapters", SECOND_ONLY, "").body();
    assertEquals(List.of("second"), ServerFixture.json(list).get("data").findValuesAsText("name"));
    HttpResponse<String> own =
        ask("POST", "/v1/completions", SECOND_ONLY, body("second", "a", 1).toString());
    assertEquals(200, own.statusCode(), own::body);
    for (String closed : List.of(BASE, "first")) {
      String refusal =
          ask("POST", "/v1/completions", SECOND_ONLY, body(closed, "a", 1).toString()).body();
      String nothing =
          ask("POST", "/v1/completions", SECOND_ONLY, body("nobody", "a", 1).toString()).body();
      assertEquals(
          nothing.replace("nobody", closed), refusal, "what is closed is as if there were none");
      assertEquals(404, ask("GET", "/v1/models/" + closed, SECOND_ONLY, "").statusCode());
    }
    assertEquals(404, ask("GET", "/v1/adapters/first", SECOND_ONLY, "").statusCode());
    assertEquals(404, ask("GET", "/v1/adapters/first/download", SECOND_ONLY, "").statusCode());
  }

  @Test
  void rolesAreHeldApart() throws Exception {
    for (String path : List.of("/v1/adapters/second", "/v1/adapters/second/pin")) {
      HttpResponse<String> response = ask("DELETE", path, SECOND_ONLY, "");
      assertEquals(403, response.statusCode(), path);
      assertTrue(response.body().contains("admin is needed"), response.body());
    }
    assertEquals(403, ask("GET", "/metrics", SECOND_ONLY, "").statusCode());
    assertEquals(200, ask("GET", "/metrics", METRICS, "").statusCode());
    assertEquals(200, ask("GET", "/metrics", ADMIN, "").statusCode());
    assertEquals(403, ask("GET", "/v1/models", METRICS, "").statusCode());
    assertEquals(
        403,
        ask("POST", "/v1/completions", METRICS, body("second", "a", 1).toString()).statusCode());
  }

  @Test
  void whoAsksTooOftenIsToldWhenToComeBack() throws Exception {
    assertEquals(3, models(HURRIED).size());
    assertEquals(3, models(HURRIED).size());
    HttpResponse<String> response = ask("GET", "/v1/models", HURRIED, "");
    assertEquals(429, response.statusCode());
    int seconds = Integer.parseInt(response.headers().firstValue("retry-after").orElseThrow());
    assertTrue(seconds >= 1 && seconds <= 30, "a third in " + seconds + " s");
    assertFalse(models(ADMIN).isEmpty(), "others are served");
  }

  @Test
  void aKeyThatIsTakenBackOpensNothingFromThenOn() throws Exception {
    String late = ApiKey.newSecret();
    add("late", late, Role.INFER, OptionalInt.empty());
    awaitStatus(late, 200);
    KeyFile.remove(keys, "late");
    awaitStatus(late, 401);
  }

  private static void awaitStatus(String key, int status) throws Exception {
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (ask("GET", "/v1/models", key, "").statusCode() != status) {
      assertTrue(System.nanoTime() < deadline, "never answered with " + status);
      Thread.onSpinWait();
    }
  }
}
