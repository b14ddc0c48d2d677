package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static dev.preamble.server.ServerFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.preamble.PreambleException;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Stories;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a server starts, loses clients, and ends. */
class LifecycleTest {
  private static final String LONG = body(BASE, BEGINNING, 480).put("stream", true).toString();

  /** Longer than a process may be kept from running while its clock goes on. */
  private static final Duration LONG_GRACE = Duration.ofHours(1);

  private static final ServerLog SILENT = new ServerLog(Optional.empty());

  @TempDir Path folder;
  private HeldEngine engine;

  @Test
  void anAdapterThatCannotBeLoadedIsAWarningAndTheOthersAreServed() throws Exception {
    ServerFixture.adapters(folder);
    Path torn = Files.createDirectories(folder.resolve("torn"));
    Files.writeString(torn.resolve("adapter_config.json"), "{");
    Files.createDirectories(folder.resolve("empty"));
    Path wide = Files.createDirectories(folder.resolve("wide"));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(Path.of("test-fixtures/adapters/prompt-llama").resolve(file), wide.resolve(file));
    }
    Path truncated = Files.createDirectories(folder.resolve("truncated"));
    Files.copy(
        folder.resolve("first/adapter_config.json"), truncated.resolve("adapter_config.json"));
    byte[] tensors = Files.readAllBytes(folder.resolve("first/adapter_model.safetensors"));
    Files.write(
        truncated.resolve("adapter_model.safetensors"), Arrays.copyOf(tensors, tensors.length - 9));
    try (ServerFixture server = ServerFixture.start(folder, UnaryOperator.identity())) {
      assertEquals(List.of(BASE, "first", "second"), server.server().models());
      List<String> warnings = server.server().warnings();
      for (String bad : List.of("torn", "empty", "wide", "truncated")) {
        assertEquals(
            1,
            warnings.stream().filter(warning -> warning.contains("/" + bad)).count(),
            warnings::toString);
      }
      assertEquals(404, server.post(body("torn", "a", 1).toString()).statusCode());
      server.answer(body("second", "a", 1));
    }
  }

  @Test
  void aTakenPortIsSaidInOneMessage() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerConfig config = ServerConfig.of(Stories.SMALL).withPort(other.getLocalPort());
      PreambleException fault =
          assertThrows(PreambleException.class, () -> PreambleServer.start(config));
      assertTrue(fault.getMessage().contains("port " + other.getLocalPort()), fault.getMessage());
      assertTrue(fault.getMessage().contains("taken"), fault.getMessage());
    }
  }

  @Test
  void aMissingModelGivesThePortBack() throws Exception {
    int port = freePort();
    ServerConfig config = ServerConfig.of(folder.resolve("none")).withPort(port);
    assertThrows(PreambleException.class, () -> PreambleServer.start(config));
    new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
  }

  /** A free port that the system gives nobody who has not asked for that very one. */
  private static int freePort() throws IOException {
    for (int port = 20_000 + new Random().nextInt(5_000); ; port++) {
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return port;
      } catch (BindException taken) {
        assertTrue(port < 32_000, taken::toString);
      }
    }
  }

  @Test
  void addressesThatOthersReachNeedToBeAllowed() {
    for (String host : List.of("0.0.0.0", "::", "192.168.1.5", "example.org")) {
      assertThrows(PreambleException.class, () -> at(host, ServerConfig.Access.OPEN_LOCALLY), host);
      assertEquals(host, at(host, ServerConfig.Access.INSECURE).address().host());
      ServerConfig.Access keys = ServerConfig.Access.keys(folder.resolve("keys.yaml"));
      assertEquals(host, at(host, keys).address().host());
    }
    for (String host : List.of("127.0.0.1", "127.1.2.3", "::1", "localhost")) {
      assertEquals(host, at(host, ServerConfig.Access.OPEN_LOCALLY).address().host());
    }
    assertThrows(
        PreambleException.class,
        () -> new ServerConfig.Address("127.0.0.1", 65_536, Optional.empty()));
  }

  private static ServerConfig at(String host, ServerConfig.Access access) {
    return ServerConfig.of(Stories.SMALL)
        .withAddress(new ServerConfig.Address(host, 8080, Optional.empty()), access);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatGoesIsCancelledStreamingOrNot(boolean stream) throws Exception {
    try (ServerFixture server = startHeld(config -> config)) {
      engine.hold();
      String body = body(BASE, BEGINNING, 490).put("stream", stream).toString();
      try (Socket _ = raw(server, body)) {
        engine.awaitRunning();
      }
      engine.awaitCancelled();
      engine.letGo();
      assertEquals(FinishReason.CANCELLED, engine.submitted().getFirst().await().finishReason());
      server.awaitIdle();
    }
  }

  @Test
  void aClientThatReadsNothingIsCutOffAndTheOthersGoOn() throws Exception {
    ServerConfig.Limits few = ServerConfig.Limits.DEFAULTS.withUnreadChunks(16);
    try (ServerFixture server = start(config -> config.withLimits(few))) {
      var body = body(BASE, "", 480).put("stream", true);
      ArrayNode prompts = body.putArray("prompt");
      for (int i = 0; i < 64; i++) {
        prompts.add(BEGINNING);
      }
      try (Socket client = raw(server, body.toString())) {
        server.awaitIdle();
        assertFalse(rest(client).contains("[DONE]"));
      }
      server.answer(body(BASE, BEGINNING, 3));
    }
  }

  /** What still comes over a connection until it ends, in order or not. */
  private static String rest(Socket client) throws IOException {
    client.setSoTimeout(30_000);
    StringBuilder rest = new StringBuilder();
    try {
      for (int next = client.getInputStream().read();
          next >= 0;
          next = client.getInputStream().read()) {
        rest.append((char) next);
      }
      return rest.toString();
    } catch (SocketException reset) {
      return rest.toString();
    }
  }

  @Test
  void runningStreamsFinishWhenTheServerCloses() throws Exception {
    try (ServerFixture server = startHeld(config -> config.withGrace(LONG_GRACE))) {
      String whole = text(server.answer(body(BASE, BEGINNING, 480)));
      List<String> events = eventsOfAStreamWhileItCloses(server, () -> awaitRefusals(server));
      assertEquals("data: [DONE]", events.getLast());
      StringBuilder joined = new StringBuilder();
      for (String event : events.subList(0, events.size() - 1)) {
        joined.append(text(ServerFixture.json(event.substring("data: ".length()))));
      }
      assertEquals(whole, joined.toString());
      assertThrows(IOException.class, () -> server.get("/health"));
    }
  }

  @Test
  void afterTheGracePeriodStreamsEndWithAnErrorThatIsSeen() throws Exception {
    try (ServerFixture server = startHeld(config -> config.withGrace(Duration.ZERO))) {
      List<String> events = eventsOfAStreamWhileItCloses(server, engine::awaitCancelled);
      assertEquals("data: [DONE]", events.getLast());
      assertTrue(events.get(events.size() - 2).contains("shutting_down"), events::toString);
    }
  }

  private interface Moment {
    void await() throws Exception;
  }

  /**
   * What a client gets whose stream has begun when the server begins to close, and goes on at a
   * moment after that.
   */
  private List<String> eventsOfAStreamWhileItCloses(ServerFixture server, Moment goesOn)
      throws Exception {
    engine.hold();
    try (Stream<String> stream = server.open(LONG).body()) {
      Iterator<String> lines = stream.iterator();
      List<String> events = new ArrayList<>(List.of(lines.next()));
      Thread closer = Thread.ofPlatform().start(server.server()::close);
      goesOn.await();
      engine.letGo();
      lines.forEachRemaining(events::add);
      closer.join();
      events.removeIf(String::isEmpty);
      return events;
    } finally {
      engine.letGo();
    }
  }

  private static void awaitRefusals(ServerFixture server) throws Exception {
    while (server.get("/health").statusCode() != 503) {
      Thread.sleep(1);
    }
  }

  @Test
  void aRequestThatIsJustTakenWhenTheServerClosesIsWaitedFor() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch closing = new CountDownLatch(1);
    InFlight inFlight = new InFlight();
    HttpPort port = port();
    port.open(
        request -> {
          entered.countDown();
          awaitQuietly(closing);
          Exchange exchange = exchange(port, request);
          inFlight.add(exchange.reply());
          port.vertx().setTimer(2_500, late -> exchange.reply().text(200, "text/plain", "whole"));
        });
    try (Socket client = new Socket("127.0.0.1", port.number())) {
      client
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nhost: here\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      entered.await();
      Thread closer = Thread.ofPlatform().start(() -> port.close(LONG_GRACE, inFlight, () -> {}));
      while (closer.getState() != Thread.State.TIMED_WAITING) {
        Thread.sleep(1);
      }
      closing.countDown();
      assertTrue(rest(client).endsWith("whole"));
      closer.join();
    }
  }

  @Test
  void whatAWorkerIsAtForAClientWhoIsGoneIsWaitedForBeforeItsThingsAreFreed() throws Exception {
    CountDownLatch working = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicBoolean done = new AtomicBoolean();
    InFlight inFlight = new InFlight();
    HttpPort port = port();
    port.open(
        request -> {
          Exchange exchange = exchange(port, request);
          inFlight.add(exchange.reply());
          exchange.work(
              () -> {
                working.countDown();
                goOn.await();
                done.set(true);
                return null;
              });
        });
    try (Socket client = new Socket("127.0.0.1", port.number())) {
      client
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nhost: here\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      working.await();
    }
    Thread closer = Thread.ofPlatform().start(() -> port.close(LONG_GRACE, inFlight, () -> {}));
    while (closer.isAlive() && closer.getState() != Thread.State.WAITING) {
      Thread.sleep(1);
    }
    goOn.countDown();
    closer.join();
    assertTrue(done.get());
  }

  private static HttpPort port() {
    return HttpPort.listen(
        ServerConfig.of(Stories.SMALL).withPort(0).address(), ServerConfig.Limits.DEFAULTS, SILENT);
  }

  private static Exchange exchange(HttpPort port, HttpServerRequest request) {
    return new Exchange(port.vertx(), port.workers(), request, SILENT);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aFullEngineSaysSoAndTakesMoreLater() throws Exception {
    EngineOptions one = EngineOptions.defaults().withThreads(1).withQueue(1).withRows(1);
    try (ServerFixture server = startHeld(config -> config.withEngine(one))) {
      engine.hold();
      try (Socket _ = raw(server, LONG)) {
        engine.awaitRunning();
        try (Socket _ = raw(server, LONG)) {
          while (server.server().status().waiting() == 0) {
            Thread.sleep(1);
          }
          HttpResponse<String> refused = server.post(body(BASE, "a", 1).toString());
          assertEquals(503, refused.statusCode());
          assertEquals(
              "engine_busy", ServerFixture.json(refused.body()).at("/error/code").asText());
          assertEquals("1", refused.headers().firstValue("retry-after").orElse(""));
        }
      }
      engine.letGo();
      server.awaitIdle();
      server.answer(body(BASE, "a", 1));
    }
  }

  @Test
  void severalPromptsAreSubmittedAllOrNone() throws Exception {
    EngineOptions one = EngineOptions.defaults().withThreads(1).withQueue(1);
    try (ServerFixture server = startHeld(config -> config.withEngine(one))) {
      engine.hold();
      try (Socket _ = raw(server, LONG)) {
        engine.awaitRunning();
        var body = body(BASE, "", 400);
        body.putArray("prompt").add("a").add("b").add("c").add("d");
        assertEquals(503, server.post(body.toString()).statusCode());
        assertEquals(2, engine.submitted().size());
        assertEquals(FinishReason.CANCELLED, engine.submitted().getLast().await().finishReason());
      }
      engine.letGo();
      server.awaitIdle();
    }
  }

  private ServerFixture start(UnaryOperator<ServerConfig> change) {
    return ServerFixture.start(ServerFixture.adapters(folder), change);
  }

  /** A server whose engine is {@link #engine}. */
  private ServerFixture startHeld(UnaryOperator<ServerConfig> change) {
    return ServerFixture.start(
        ServerFixture.adapters(folder), change, own -> engine = new HeldEngine(own));
  }

  /** A connection that has sent a completion and reads nothing. */
  private static Socket raw(ServerFixture server, String body) throws IOException {
    Socket client = new Socket();
    client.setReceiveBufferSize(4096);
    client.connect(new InetSocketAddress("127.0.0.1", server.server().port()));
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String head =
        "POST /v1/completions HTTP/1.1\r\nhost: here\r\ncontent-length: %d\r\n\r\n"
            .formatted(bytes.length);
    client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    client.getOutputStream().write(bytes);
    client.getOutputStream().flush();
    return client;
  }
}
