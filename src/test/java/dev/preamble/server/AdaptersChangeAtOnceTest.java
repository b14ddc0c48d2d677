package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever several clients do to adapters of the same names at the same time, each is answered as
 * if the others had come before him or after: no change is half seen, none is the server's fault,
 * and what is left in the end is told as it is.
 */
class AdaptersChangeAtOnceTest {
  private static final int CLIENTS = 6;
  private static final int ACTIONS = 40;
  private static final List<String> NAMES = List.of("one", "two");

  @TempDir Path folder;
  private final List<byte[]> tars = new ArrayList<>();
  private final List<Map<String, byte[]>> contents = new ArrayList<>();
  private ServerFixture server;

  @Test
  void eachClientIsAnsweredAsIfAlone() throws Exception {
    Path adapters = ServerFixture.adapters(folder.resolve("adapters"));
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      for (int i = 0; i < 2; i++) {
        Path files = folder.resolve("sent" + i);
        Stories.adapter(model, 5 + i, 40 + i).save(files);
        Files.delete(files.resolve("README.md"));
        tars.add(Tars.of(files));
        contents.add(unpacked(tars.getLast()));
      }
    }
    server = ServerFixture.start(adapters, UnaryOperator.identity());
    try (ServerFixture closed = server;
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Random random = new Random(i);
        all.add(
            clients.submit(
                () -> {
                  for (int action = 0; action < ACTIONS; action++) {
                    act(random, NAMES.get(random.nextInt(NAMES.size())));
                  }
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      JsonNode left = settled();
      assertEquals(List.of(), closed.server().warnings());
      assertEquals(bytes(left), resident(), left::toPrettyString);
    }
  }

  private void act(Random random, String name) throws Exception {
    String adapter = "/v1/adapters/" + name;
    switch (random.nextInt(9)) {
      case 0, 1 -> upload(adapter, tars.get(random.nextInt(tars.size())));
      case 2 -> answered(send("DELETE", adapter, ""), 200, 404);
      case 3 -> download(adapter + "/download");
      case 4 -> answered(send("GET", adapter, ""), 200, 404);
      case 5 -> answered(server.post(body(name, BEGINNING, 1).toString()), 200, 404);
      case 6 ->
          answered(send(random.nextBoolean() ? "PUT" : "DELETE", adapter + "/pin", ""), 200, 404);
      case 7 ->
          answered(
              send("POST", "/v1/unload_lora_adapter", "{\"lora_name\": \"%s\"}".formatted(name)),
              200,
              404);
      default ->
          answered(
              send(
                  "PUT",
                  adapter,
                  "{\"path\": \"%s\"}".formatted(random.nextBoolean() ? name : "first")),
              200,
              201,
              400,
              409);
    }
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return server.json(method, path, body);
  }

  private static void answered(HttpResponse<String> response, Integer... statuses) {
    assertTrue(
        List.of(statuses).contains(response.statusCode()),
        () ->
            response.request().method()
                + " "
                + response.uri().getPath()
                + ": "
                + response.statusCode()
                + " "
                + response.body());
  }

  private void upload(String path, byte[] tar) throws Exception {
    HttpRequest request =
        server
            .request(path)
            .header("content-type", "application/x-tar")
            .PUT(BodyPublishers.ofByteArray(tar))
            .build();
    HttpResponse<String> response = server.send(request, "");
    if (response.statusCode() == 503) {
      assertTrue(response.body().contains("too_many_uploads"), response::body);
      return;
    }
    answered(response, 200, 201, 409);
  }

  /** What comes back is whole, and one of those that were sent. */
  private void download(String path) throws Exception {
    HttpResponse<byte[]> response =
        server.client().send(server.request(path).build(), HttpResponse.BodyHandlers.ofByteArray());
    assertTrue(
        response.statusCode() == 200 || response.statusCode() == 404,
        () -> response.statusCode() + " " + new String(response.body()));
    if (response.statusCode() == 200) {
      Map<String, byte[]> files = unpacked(response.body());
      files.remove("README.md");
      Path sent = folder.resolve("adapters/first");
      List<Map<String, byte[]>> known = new ArrayList<>(contents);
      known.add(
          new TreeMap<>(
              Map.of(
                  "adapter_config.json", Files.readAllBytes(sent.resolve("adapter_config.json")),
                  "adapter_model.safetensors",
                      Files.readAllBytes(sent.resolve("adapter_model.safetensors")))));
      assertTrue(
          known.stream().anyMatch(each -> isSame(each, files)),
          () -> "a mixture of " + files.keySet());
    }
  }

  private static boolean isSame(Map<String, byte[]> one, Map<String, byte[]> other) {
    return one.keySet().equals(other.keySet())
        && one.keySet().stream().allMatch(name -> Arrays.equals(one.get(name), other.get(name)));
  }

  private static Map<String, byte[]> unpacked(byte[] tar) throws Exception {
    Map<String, byte[]> files = new TreeMap<>();
    try (var archive = new TarArchiveInputStream(new ByteArrayInputStream(tar))) {
      for (TarArchiveEntry entry = archive.getNextEntry();
          entry != null;
          entry = archive.getNextEntry()) {
        files.put(entry.getName().replaceFirst("^\\./", ""), archive.readAllBytes());
      }
    }
    return files;
  }

  /** The adapters as they are told when nobody changes any. */
  private JsonNode settled() throws Exception {
    return ServerFixture.json(server.get("/v1/adapters").body()).get("data");
  }

  private static long bytes(JsonNode adapters) {
    long bytes = 0;
    for (JsonNode adapter : adapters) {
      bytes += adapter.get("resident").asBoolean() ? adapter.get("bytes").asLong() : 0;
    }
    return bytes;
  }

  private long resident() throws Exception {
    return server
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("preamble_adapters_resident_bytes "))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
