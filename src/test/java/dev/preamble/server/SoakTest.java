package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static dev.preamble.server.ServerFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.bench.Machine;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many clients for a while, some of whom cancel, vanish, ask nonsense or replace adapters: nobody
 * gets another's answer, and nothing is left behind. {@code -Dpreamble.soak=20000} makes as many
 * requests and holds the time of /health/live to its limit; without it they are fewer, and the time
 * is only told. {@code -Dpreamble.soak.report=FILE} writes the figures as JSON.
 */
class SoakTest {
  private static final int REQUESTS = Integer.getInteger("preamble.soak", 600);

  /** A file for the figures as JSON, if they are wanted. */
  private static final String REPORT = System.getProperty("preamble.soak.report", "");

  private static final boolean FULL = REQUESTS >= 20_000;
  private static final int CLIENTS = 8;
  private static final double HEALTH_MILLIS = 50;
  private static final long HEAP_GROWTH = 32L << 20;

  /** The requests are made in so many parts, after each of which memory is looked at. */
  private static final int PARTS = 4;

  /** What the process may grow by in all, and in the last half, when it has all that it needs. */
  private static final long RESIDENT_GROWTH = 192L << 20;

  private static final long LATE_RESIDENT_GROWTH = 48L << 20;
  private static final int MORE_HANDLES = 24;
  private static final List<String> PROMPTS =
      List.of(BEGINNING, "The dog", "It was", "Lily and Tom went to the park because");

  @TempDir Path folder;
  private final AtomicInteger answered = new AtomicInteger();
  private final Map<String, String> expected = new HashMap<>();
  private final List<byte[]> tars = new ArrayList<>();
  private ServerFixture server;

  @Test
  void manyClientsOfAllKinds() throws Exception {
    Path adapters = ServerFixture.adapters(folder.resolve("adapters"));
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      for (int i = 0; i < 2; i++) {
        Path files = folder.resolve("moving" + i);
        Stories.adapter(model, 5 + i, 40 + i).save(files);
        tars.add(Tars.of(files));
      }
    }
    server = ServerFixture.start(adapters, UnaryOperator.identity());
    try {
      expectations();
      soak(REQUESTS / 4, 1);
      long heap = heap();
      List<Long> resident = new ArrayList<>(List.of(resident()));
      long handles = handles();
      List<Double> health = new ArrayList<>();
      double seconds = 0;
      for (int part = 0; part < PARTS; part++) {
        long begun = System.nanoTime();
        health.addAll(soak(REQUESTS / PARTS, 2 + part));
        server.awaitIdle();
        seconds += (System.nanoTime() - begun) / 1e9;
        resident.add(resident());
      }
      Collections.sort(health);
      double p99 = health.get((int) (health.size() * 0.99));
      long heapGrowth = heap() - heap;
      long residentGrowth = resident.getLast() - resident.getFirst();
      long lateGrowth = resident.getLast() - resident.get(PARTS / 2);
      long moreHandles = moreHandles(handles);
      System.out.printf(
          "[soak] %,d requests, %,d answered and compared; heap %+,d kB, resident %+,d kB, %+,d kB of it in the last half, handles %+d; /health/live p99 %.1f ms of %,d%n",
          REQUESTS,
          answered.get(),
          heapGrowth >> 10,
          residentGrowth >> 10,
          lateGrowth >> 10,
          moreHandles,
          p99,
          health.size());
      if (!REPORT.isEmpty()) {
        ObjectNode report =
            Machine.describe()
                .put("requests", REQUESTS)
                .put("clients", CLIENTS)
                .put("answers_equal", answered.get())
                .put("seconds", seconds)
                .put("heap_growth_bytes", heapGrowth)
                .put("resident_growth_bytes", residentGrowth)
                .put("resident_growth_bytes_in_the_last_half", lateGrowth)
                .put("file_handles_growth", moreHandles)
                .put("cache_positions_held", server.server().status().cache().positions())
                .put("health_probes", health.size())
                .put("health_milliseconds_median", health.get(health.size() / 2))
                .put("health_milliseconds_p99", p99)
                .put("health_milliseconds_most", health.getLast());
        Files.writeString(Path.of(REPORT), report.toPrettyString() + "\n");
      }
      assertTrue(heapGrowth < HEAP_GROWTH, "heap");
      assertTrue(residentGrowth < RESIDENT_GROWTH, "resident memory");
      assertTrue(!FULL || lateGrowth < LATE_RESIDENT_GROWTH, "resident memory goes on growing");
      assertTrue(moreHandles < MORE_HANDLES, "file handles");
      assertEquals(0, server.server().status().cache().positions(), "no slot is held");
      assertTrue(!FULL || p99 < HEALTH_MILLIS, "/health/live took " + p99 + " ms");
      try (Stream<Path> left = Files.list(adapters)) {
        assertTrue(left.noneMatch(path -> path.getFileName().toString().startsWith(".")));
      }
    } finally {
      server.close();
    }
  }

  /** What each prompt is answered with under each content, by digest. */
  private void expectations() throws Exception {
    for (byte[] tar : tars) {
      assertTrue(upload(tar) < 300);
      for (String model : List.of(BASE, "first", "second", "moving")) {
        for (String prompt : PROMPTS) {
          HttpResponse<String> response = server.post(body(model, prompt, 24).toString());
          expected.put(key(response, prompt), text(ServerFixture.json(response.body())));
        }
      }
    }
  }

  private static String key(HttpResponse<String> response, String prompt) {
    return response.headers().firstValue("preamble-adapter-digest").orElse(BASE) + prompt;
  }

  private int upload(byte[] tar) throws Exception {
    return server
        .send(
            server
                .request("/v1/adapters/moving")
                .header("content-type", "application/x-tar")
                .PUT(BodyPublishers.ofByteArray(tar))
                .build(),
            "")
        .statusCode();
  }

  /** Makes {@code count} requests; gives how long /health/live took meanwhile, in ms. */
  private List<Double> soak(int count, long seed) throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger left = new AtomicInteger(count);
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS + 1)) {
      Future<List<Double>> health = clients.submit(() -> probe(over));
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Random random = new Random(seed * CLIENTS + i);
        all.add(
            clients.submit(
                () -> {
                  while (left.getAndDecrement() > 0) {
                    act(random);
                  }
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      over.set(true);
      return health.get();
    }
  }

  private List<Double> probe(AtomicBoolean over) throws Exception {
    List<Double> times = new ArrayList<>();
    while (!over.get()) {
      long start = System.nanoTime();
      assertEquals(200, server.get("/health/live").statusCode());
      times.add((System.nanoTime() - start) / 1e6);
      Thread.sleep(5);
    }
    return times;
  }

  private void act(Random random) throws Exception {
    String model = List.of(BASE, "first", "second", "moving").get(random.nextInt(4));
    String prompt = PROMPTS.get(random.nextInt(PROMPTS.size()));
    int kind = random.nextInt(100);
    if (kind < 60) {
      compare(model, prompt);
    } else if (kind < 75) {
      try (Stream<String> lines =
          server.open(body(model, prompt, 200).put("stream", true).toString()).body()) {
        lines.limit(1 + random.nextInt(5)).forEach(line -> {});
      }
    } else if (kind < 85) {
      vanish(body(model, prompt, 200).put("stream", random.nextBoolean()));
    } else if (kind < 95) {
      nonsense(random);
    } else {
      int status = upload(tars.get(random.nextInt(2)));
      assertTrue(status == 200 || status == 503, "answered " + status);
    }
  }

  private void compare(String model, String prompt) throws Exception {
    HttpResponse<String> response = server.post(body(model, prompt, 24).toString());
    assertEquals(200, response.statusCode(), response::body);
    assertEquals(
        expected.get(key(response, prompt)), text(ServerFixture.json(response.body())), model);
    answered.incrementAndGet();
  }

  private void vanish(ObjectNode request) throws IOException {
    byte[] body = request.toString().getBytes(StandardCharsets.UTF_8);
    try (Socket client = new Socket("127.0.0.1", server.server().port())) {
      String head =
          "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
              .formatted(body.length);
      client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      client.getOutputStream().write(body);
      client.getOutputStream().flush();
    }
  }

  private void nonsense(Random random) throws Exception {
    List<String> bodies =
        List.of(
            "{",
            "{\"model\": \"nobody\", \"prompt\": \"a\"}",
            body(BASE, "a", 100_000).toString(),
            body(BASE, "a", 1).put("top_p", 7).toString());
    int status = server.post(bodies.get(random.nextInt(bodies.size()))).statusCode();
    assertTrue(status == 400 || status == 404, "answered " + status);
  }

  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** Bytes of this process in memory; 0 where that cannot be told. */
  private static long resident() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return 0;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .sum();
  }

  /**
   * Handles that are open beyond {@code before}, once those of clients who have just gone are
   * closed; those that nobody closes stay.
   */
  private static long moreHandles(long before) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (handles() - before >= MORE_HANDLES && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
    return handles() - before;
  }

  private static long handles() throws IOException {
    Path open = Path.of("/proc/self/fd");
    if (!Files.exists(open)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(open)) {
      return all.count();
    }
  }
}
