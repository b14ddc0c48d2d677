package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that is killed while adapters are uploaded leaves each of them whole, or none. */
class Law8AKilledUploadTearsNoAdapterTest {
  private static final int KILLS = 3;

  @TempDir Path folder;

  @Test
  void anUploadHalfDoneIsAsIfItNeverBegan() throws Exception {
    Path adapters = ServerFixture.adapters(folder.resolve("adapters"));
    byte[] tar = Tars.of(adapters.resolve("second"));
    try (ServeProcess server = ServeProcess.start(Stories.SMALL, "--adapters", "" + adapters);
        Socket client = new Socket("127.0.0.1", server.url().getPort())) {
      String head =
          "PUT /v1/adapters/first HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-tar\r\nContent-Length: %d\r\n\r\n"
              .formatted(tar.length);
      client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      client.getOutputStream().write(tar, 0, tar.length / 2);
      client.getOutputStream().flush();
      while (hidden(adapters).isEmpty()) {
        Thread.onSpinWait();
      }
      server.kill();
    }
    assertFalse(hidden(adapters).isEmpty(), "the kill came in the middle");
    try (ServerFixture server = ServerFixture.start(adapters, UnaryOperator.identity())) {
      assertEquals(List.of("stories260K", "first", "second"), server.server().models());
      assertEquals(List.of(), server.server().warnings());
    }
  }

  private static List<Path> hidden(Path adapters) throws IOException {
    try (Stream<Path> entries = Files.list(adapters)) {
      return entries.filter(entry -> entry.getFileName().toString().startsWith(".")).toList();
    }
  }

  @Test
  void whateverMomentAKillComesInEachAdapterIsOneOfThoseSent() throws Exception {
    Path adapters = Files.createDirectories(folder.resolve("adapters"));
    List<byte[]> tars = new ArrayList<>();
    List<String> digests = new ArrayList<>();
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      for (int i = 0; i < 4; i++) {
        Adapter adapter = Stories.adapter(model, 20 + i, i);
        adapter.save(folder.resolve("sent" + i));
        tars.add(Tars.of(folder.resolve("sent" + i)));
        digests.add(adapter.digest());
      }
    }
    Random random = new Random(8);
    int answered = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      int uploads = 5 + random.nextInt(40);
      try (ServeProcess server = ServeProcess.start(Stories.SMALL, "--adapters", "" + adapters);
          HttpClient client = HttpClient.newHttpClient();
          ExecutorService clients = Executors.newFixedThreadPool(3)) {
        List<Future<Integer>> sent = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
          int number = i;
          sent.add(
              clients.submit(() -> put(client, server, "name" + number % 3, tars.get(number % 4))));
        }
        for (int i = 0; i < uploads; i++) {
          int status = sent.get(i).get();
          assertTrue(status == 200 || status == 201, () -> "answered " + status);
          answered++;
        }
        server.kill();
        clients.shutdownNow();
      }
      try (Stream<Path> entries = Files.list(adapters)) {
        for (Path adapter : entries.filter(Law8AKilledUploadTearsNoAdapterTest::shown).toList()) {
          assertTrue(digests.contains(Adapter.open(adapter).digest()), adapter::toString);
        }
      }
    }
    System.out.printf(
        "[law 8] a server killed %d times between %d uploads: each adapter whole%n",
        KILLS, answered);
  }

  private static boolean shown(Path entry) {
    return !entry.getFileName().toString().startsWith(".");
  }

  private static int put(HttpClient client, ServeProcess server, String name, byte[] tar)
      throws InterruptedException {
    try {
      return client
          .send(
              HttpRequest.newBuilder(server.url().resolve("/v1/adapters/" + name))
                  .header("content-type", "application/x-tar")
                  .PUT(BodyPublishers.ofByteArray(tar))
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException killed) {
      return 0;
    }
  }
}
