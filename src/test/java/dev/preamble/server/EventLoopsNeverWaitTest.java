package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * While requests of every kind are answered, no event loop waits for another thread, runs the model
 * or touches adapters' files: seen by looking at their stacks again and again, which tells the same
 * on a busy machine, and by Vert.x's own watch over blocked threads.
 */
class EventLoopsNeverWaitTest {
  private static final int CLIENTS = 4;
  private static final int ROUNDS = 4;

  /** Looks at event loops that show something. */
  private static final int LOOKS = 100;

  @TempDir Path folder;

  @Test
  void underRequestsOfEveryKind() throws Exception {
    Path adapters = ServerFixture.adapters(folder.resolve("adapters"));
    byte[] tar = Tars.of(adapters.resolve("first"));
    try (EventLoopWatch watch = EventLoopWatch.start();
        ServerFixture server = ServerFixture.start(adapters, UnaryOperator.identity());
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        all.add(
            clients.submit(
                () -> {
                  for (int round = 0; round < ROUNDS || watch.looks() <= LOOKS; round++) {
                    requests(server, tar);
                  }
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertEquals(List.of(), watch.found());
    }
  }

  private static void requests(ServerFixture server, byte[] tar) throws Exception {
    try (Stream<String> lines =
        server.open(body(BASE, BEGINNING, 40).put("stream", true).toString()).body()) {
      lines.limit(9).forEach(line -> {});
    }
    assertEquals(200, server.post(body("first", BEGINNING, 20).toString()).statusCode());
    assertEquals(400, server.post("{").statusCode());
    String question =
        "{\"model\": \"second\", \"labels\": [\"happy\", \"sad\"], \"input\": \"The dog was\"}";
    assertEquals(200, server.json("POST", "/v1/classify", question).statusCode());
    HttpResponse<String> uploaded =
        server.send(
            server
                .request("/v1/adapters/moving")
                .header("content-type", "application/x-tar")
                .PUT(BodyPublishers.ofByteArray(tar))
                .build(),
            "");
    assertTrue(
        uploaded.statusCode() < 300 || uploaded.statusCode() == 503,
        uploaded.statusCode() + " " + uploaded.body());
    assertEquals(200, server.json("PUT", "/v1/adapters/first/pin", "").statusCode());
    assertEquals(200, server.get("/v1/models").statusCode());
    assertEquals(200, server.get("/v1/adapters/first/download").statusCode());
    assertEquals(200, server.get("/metrics").statusCode());
    assertEquals(200, server.get("/health/ready").statusCode());
  }
}
