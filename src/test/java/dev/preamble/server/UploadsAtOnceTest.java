package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever uploads an adapter while others upload one of the same name is answered as if alone. */
class UploadsAtOnceTest {
  private static final int CLIENTS = 4;
  private static final int ROUNDS = 30;

  @TempDir Path folder;

  @Test
  void ofOneNameAreEachTaken() throws Exception {
    Path adapters = ServerFixture.adapters(folder.resolve("adapters"));
    List<byte[]> tars =
        List.of(Tars.of(adapters.resolve("first")), Tars.of(adapters.resolve("second")));
    CyclicBarrier together = new CyclicBarrier(CLIENTS);
    try (ServerFixture server = ServerFixture.start(adapters, UnaryOperator.identity());
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      for (int round = 0; round < ROUNDS; round++) {
        String name = "new" + round;
        List<Future<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          byte[] tar = tars.get(i % tars.size());
          answers.add(
              clients.submit(
                  () -> {
                    together.await();
                    return put(server, name, tar);
                  }));
        }
        for (Future<HttpResponse<String>> answer : answers) {
          int status = answer.get().statusCode();
          assertTrue(status == 201 || status == 200, () -> status + " " + body(answer));
        }
        assertEquals(200, server.get("/v1/adapters/" + name).statusCode());
      }
      assertEquals(List.of(), server.server().warnings());
    }
  }

  private static HttpResponse<String> put(ServerFixture server, String name, byte[] tar)
      throws Exception {
    return server.send(
        server
            .request("/v1/adapters/" + name)
            .header("content-type", "application/x-tar")
            .PUT(BodyPublishers.ofByteArray(tar))
            .build(),
        "");
  }

  private static String body(Future<HttpResponse<String>> answer) {
    return answer.resultNow().body();
  }
}
