package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static dev.preamble.server.ServerFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Hostile requests, each sent as bytes over a connection of its own: each is answered with the
 * status that is documented, tells nothing of the inside, and harms nobody else.
 */
class Law7HostileRequestsTest {
  /** What is sent, and the statuses that it may be answered with; 0 is a closed connection. */
  private record Hostile(byte[] bytes, List<Integer> statuses) {}

  private static final int BODY = 50_000;

  @TempDir static Path folder;
  private static ServerFixture server;

  @BeforeAll
  static void start() {
    server =
        ServerFixture.start(
            ServerFixture.adapters(folder.resolve("adapters")),
            config ->
                config
                    .withAdapters(config.adapters().withUploadBytes(BODY))
                    .withLimits(
                        ServerConfig.Limits.DEFAULTS
                            .withBodyBytes(BODY)
                            .withTimes(Duration.ofSeconds(2), Duration.ofSeconds(2))));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private final Map<String, Hostile> requests = new LinkedHashMap<>();

  private void raw(String name, byte[] bytes, Integer... statuses) {
    requests.put(name, new Hostile(bytes, List.of(statuses)));
  }

  private void raw(String name, String text, Integer... statuses) {
    raw(name, text.getBytes(StandardCharsets.ISO_8859_1), statuses);
  }

  private void send(String name, String method, String path, byte[] body, Integer... statuses) {
    raw(name, message(method, path, "application/json", body), statuses);
  }

  private static byte[] message(String method, String path, String type, byte[] body) {
    byte[] head =
        "%s %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            .formatted(method, path, type, body.length)
            .getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, all, head.length, body.length);
    return all;
  }

  private void complete(String name, String json, Integer... statuses) {
    send(name, "POST", "/v1/completions", json.getBytes(StandardCharsets.UTF_8), statuses);
  }

  private void field(String name, String field) {
    complete(name, "{\"model\": \"first\", \"prompt\": \"a\", %s}".formatted(field), 400);
  }

  private void protocol() {
    raw("no HTTP at all", "\u0001\u0002\u0003\r\n\r\n", 400, 0);
    raw("a TLS greeting", "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n", 400, 0);
    raw("an endless line", "GET /" + "a".repeat(20_000) + " HTTP/1.1\r\n\r\n", 414);
    raw("a header of 20 kB", "GET /health HTTP/1.1\r\nA: " + "a".repeat(20_000) + "\r\n\r\n", 431);
    raw("a flood of headers", "GET /health HTTP/1.1\r\n" + "A: b\r\n".repeat(10_000) + "\r\n", 431);
    raw("a header without a name", "GET /health HTTP/1.1\r\n: a\r\n\r\n", 400, 0);
    raw(
        "a length that is none",
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
        400,
        0);
    raw(
        "a negative length",
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        400,
        0);
    raw(
        "two lengths",
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        400,
        0);
    raw(
        "a length and chunks",
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        0);
    raw(
        "a chunk without a size",
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n",
        400,
        0);
    raw("a version of its own", "GET /health HTTP/9.9\r\n\r\n", 400, 501, 505, 0);
    raw("a method of its own", "STEAL /v1/models HTTP/1.1\r\nHost: a\r\n\r\n", 405);
    raw("tracing", "TRACE /v1/models HTTP/1.1\r\nHost: a\r\n\r\n", 405);
    raw("a tunnel", "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n", 400, 404, 405, 0);
    raw(
        "a body that stops",
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{\"model\":",
        408);
    raw(
        "an upload that stops",
        "PUT /v1/adapters/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-tar\r\nContent-Length: 500\r\n\r\nabc",
        408);
    raw("a head that stops", "GET /v1/models HTTP/1.1\r\nHost: ", 0);
    raw("nothing", "", 0);
    raw(
        "a body that is said to be huge",
        "PUT /v1/adapters/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-tar\r\nContent-Length: 99999999999\r\n\r\n",
        413);
    raw(
        "a length beyond all numbers",
        "PUT /v1/adapters/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-tar\r\nContent-Length: 99999999999999999999\r\n\r\n",
        400,
        0);
  }

  private void paths() {
    for (String path :
        List.of(
            "/../../../../etc/passwd",
            "/v1/adapters/../../etc/passwd",
            "/v1/adapters/..%2f..%2fetc%2fpasswd",
            "/v1/adapters/%2e%2e%2f%2e%2e",
            "/v1/adapters/first%2f..%2f..%2fsecond",
            "/v1/adapters/.../download",
            "/v1/adapters/%00/download",
            "/v1/models/%2e%2e%2fmodel",
            "/v1/adapters/C:%5Cwindows",
            "/openapi.yaml/../../../secret")) {
      raw("GET " + path, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n", 404);
    }
    raw("a broken escape", "GET /v1/adapters/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, 404);
    byte[] tar = new byte[1024];
    for (String name : List.of("..%2fout", "%2e%2e", "a%00b", ".hidden", "x".repeat(500), "%20")) {
      raw(
          "PUT " + name,
          message("PUT", "/v1/adapters/" + name, "application/x-tar", tar),
          400,
          404,
          405);
    }
  }

  private void bodies() throws IOException {
    complete("nothing for JSON", "", 400);
    complete("deep nesting", "[".repeat(20_000), 400);
    complete("deep objects", "{\"a\":".repeat(9_000), 400);
    complete("a number of 20,000 digits", "{\"model\": " + "9".repeat(20_000) + "}", 400);
    complete("an exponent without end", "{\"max_tokens\": 1e999999999}", 400);
    complete("the same field twice", "{\"model\": \"a\", \"model\": \"first\"}", 400);
    complete("not a number", "{\"temperature\": NaN}", 400);
    complete("a body that is too large", "{\"model\": \"" + "x".repeat(2 * BODY) + "\"}", 413);
    send(
        "bytes that are no UTF-8",
        "POST",
        "/v1/completions",
        new byte[] {'{', '"', (byte) 0xff, (byte) 0xfe, '"', ':', '1', '}'},
        400);
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      gzip.write(new byte[20 << 20]);
    }
    send("a zip bomb for JSON", "POST", "/v1/completions", bomb.toByteArray(), 400);
    raw(
        "a zip bomb for an archive",
        message("PUT", "/v1/adapters/x", "application/gzip", bomb.toByteArray()),
        415);
    raw(
        "a zip bomb called a tar",
        message("PUT", "/v1/adapters/x", "application/x-tar", bomb.toByteArray()),
        400);
    raw(
        "a form without a border",
        message(
            "PUT",
            "/v1/adapters/x",
            "multipart/form-data",
            "abc".getBytes(StandardCharsets.US_ASCII)),
        400);
    raw(
        "a form that breaks off",
        message(
            "PUT",
            "/v1/adapters/x",
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"adapter_config.json\"\r\n\r\n{"
                .getBytes(StandardCharsets.US_ASCII)),
        400,
        408);
    raw(
        "a form that leads elsewhere",
        message(
            "PUT",
            "/v1/adapters/x",
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../../out\"\r\n\r\n{\r\n--b--\r\n"
                .getBytes(StandardCharsets.US_ASCII)),
        400);
    send(
        "a path for a tar",
        "PUT",
        "/v1/adapters/x",
        "{\"path\": \"/etc\"}".getBytes(StandardCharsets.US_ASCII),
        400);
  }

  private void fields() {
    field("a pickle", "\"prompt_embeds\": \"gASVAAAAAAAA\"");
    field("a thousand texts", "\"n\": 1000");
    field("more tokens than there are", "\"max_tokens\": 2000000000");
    field("stop texts without end", "\"stop\": [" + "\"a\",".repeat(900) + "\"a\"]");
    field(
        "an expression that explodes",
        "\"structured_outputs\": {\"regex\": \"(((a{1,900}){1,900}){1,900}){1,900}\"}");
    field(
        "a schema that refers to itself", "\"structured_outputs\": {\"json\": {\"$ref\": \"#\"}}");
    field(
        "a schema with a foreign word",
        "\"structured_outputs\": {\"json\": {\"type\": \"object\", \"if\": {}}}");
    field("a bias of everything", "\"logit_bias\": {\"-1\": 5}");
    field("no time at all", "\"timeout\": -1");
    complete("ids that there are not", "{\"model\": \"first\", \"prompt\": [1, 2147483647]}", 400);
    complete(
        "a prompt longer than the context",
        "{\"model\": \"first\", \"prompt\": \"%s\"}".formatted("word ".repeat(4000)),
        400);
    complete("a model by its path", "{\"model\": \"../adapters/first\", \"prompt\": \"a\"}", 404);
    complete("a model of a task", "{\"model\": \"first:0\", \"prompt\": \"a\"}", 404);
  }

  @Test
  void eachIsAnsweredAsDocumentedAndHarmsNobody() throws Exception {
    protocol();
    paths();
    bodies();
    fields();
    String before = text(server.answer(body("first", BEGINNING, 12)));
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, Hostile> request : requests.entrySet()) {
      String answer = answer(request.getValue().bytes());
      int status = answer.isEmpty() ? 0 : Integer.parseInt(answer.substring(9, 12));
      if (!request.getValue().statuses().contains(status)) {
        wrong.add(request.getKey() + ": " + answer.lines().findFirst().orElse("closed"));
      }
      assertFalse(
          answer.contains("Exception") || answer.contains("\tat ") || answer.contains("root:"),
          () -> request.getKey() + " was told of the inside: " + answer);
    }
    assertEquals(List.of(), wrong);
    assertTrue(requests.size() >= 64, "found " + requests.size());
    assertEquals(before, text(server.answer(body("first", BEGINNING, 12))));
    assertEquals(List.of(BASE, "first", "second"), server.server().models());
    assertFalse(Files.exists(folder.resolve("out")));
    System.out.printf(
        "[law 7] %d hostile requests: each answered as documented%n", requests.size());
  }

  /** What comes back until the connection ends or nothing comes for a while after the head. */
  private static String answer(byte[] request) throws IOException {
    try (Socket client = new Socket("127.0.0.1", server.server().port())) {
      client.setSoTimeout(15_000);
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      try {
        client.getOutputStream().write(request);
        client.getOutputStream().flush();
        byte[] part = new byte[8192];
        int read = client.getInputStream().read(part);
        while (read > 0) {
          answer.write(part, 0, read);
          if (isWhole(answer.toString(StandardCharsets.ISO_8859_1))) {
            break;
          }
          read = client.getInputStream().read(part);
        }
      } catch (SocketTimeoutException silent) {
        return "HTTP/1.1 999 no answer, or none that ends: " + answer;
      } catch (SocketException reset) {
        return answer.toString(StandardCharsets.ISO_8859_1);
      }
      return answer.toString(StandardCharsets.ISO_8859_1);
    }
  }

  private static boolean isWhole(String answer) {
    int end = answer.indexOf("\r\n\r\n");
    if (end < 0) {
      return false;
    }
    var length = Pattern.compile("(?i)content-length: (\\d+)").matcher(answer.substring(0, end));
    return length.find() && answer.length() >= end + 4 + Integer.parseInt(length.group(1));
  }
}
