package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.BEGINNING;
import static dev.preamble.server.ServerFixture.body;
import static dev.preamble.server.ServerFixture.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.PrefixStatistics;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.MultitaskPromptTuning;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters that come, change and go while the server runs. */
class AdaptersTest {
  @TempDir Path folder;
  private Path adapters;
  private FrozenModel model;
  private ServerFixture server;

  @BeforeEach
  void start() {
    adapters = ServerFixture.adapters(folder.resolve("adapters"));
    model = FrozenModel.open(Stories.SMALL);
    server = ServerFixture.start(adapters, UnaryOperator.identity());
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    model.close();
    try (Stream<Path> left = Files.list(adapters)) {
      assertEquals(
          List.of(),
          left.filter(path -> path.getFileName().toString().startsWith(".")).toList(),
          "nothing half-written is left");
    }
  }

  private Adapter adapter(int rows, long seed) {
    return Stories.adapter(model, rows, seed);
  }

  /** Which content answered, and what. */
  private String answer(String name) throws Exception {
    HttpResponse<String> response = server.post(body(name, BEGINNING, 12).toString());
    assertEquals(200, response.statusCode(), response::body);
    return response.headers().firstValue("preamble-adapter-digest").orElseThrow()
        + text(ServerFixture.json(response.body()));
  }

  private int status(String name) throws Exception {
    return server.post(body(name, BEGINNING, 1).toString()).statusCode();
  }

  private JsonNode shown(String name) throws Exception {
    return ServerFixture.json(server.get("/v1/adapters/" + name).body());
  }

  private static void await(String what, BooleanSupplier holds) {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (!holds.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
      Thread.onSpinWait();
    }
  }

  private interface Check {
    boolean holds() throws Exception;
  }

  private static void awaitThat(String what, Check check) {
    await(
        what,
        () -> {
          try {
            return check.holds();
          } catch (Exception fault) {
            throw new AssertionError(fault);
          }
        });
  }

  private HttpResponse<String> upload(String name, String type, byte[] body) throws Exception {
    HttpRequest request =
        server
            .request("/v1/adapters/" + name)
            .header("content-type", type)
            .PUT(BodyPublishers.ofByteArray(body))
            .build();
    return server.send(request, "");
  }

  private byte[] saved(Adapter adapter, String name) throws IOException {
    Path files = folder.resolve(name);
    adapter.save(files);
    return Tars.of(files);
  }

  @Test
  void aFolderThatAppearsIsServedAtOnceAndOneThatGoesIsNot() throws Exception {
    assertEquals(404, status("late"));
    adapter(4, 7).save(adapters.resolve("late"));
    assertEquals(200, status("late"), "found when it is asked for, without waiting for a look");
    assertEquals("ready", shown("late").get("status").asText());
    try (Stream<Path> files = Files.walk(adapters.resolve("late"))) {
      files.sorted((a, b) -> b.compareTo(a)).forEach(file -> file.toFile().delete());
    }
    awaitThat("the adapter goes", () -> status("late") == 404);
    assertEquals(404, server.get("/v1/adapters/late").statusCode());
  }

  @Test
  void aReplacedFolderIsANewVersionAndRunningRequestsFinishOnTheOld() throws Exception {
    server.close();
    AtomicReference<HeldEngine> engine = new AtomicReference<>();
    server =
        ServerFixture.start(
            adapters,
            UnaryOperator.identity(),
            own -> engine.updateAndGet(none -> new HeldEngine(own)));
    String old = answer("first");
    String oldDigest = shown("first").get("digest").asText();
    String whole = text(server.answer(body("first", BEGINNING, 480)));
    engine.get().hold();
    HttpResponse<Stream<String>> running =
        server.open(body("first", BEGINNING, 480).put("stream", true).toString());
    adapter(9, 99).save(adapters.resolve("first"));
    awaitThat("the new version", () -> !shown("first").get("digest").asText().equals(oldDigest));
    engine.get().letGo();
    String fresh = answer("first");
    assertNotEquals(old, fresh);
    assertEquals(9, shown("first").get("virtual_tokens").asInt());
    StringBuilder joined = new StringBuilder();
    try (Stream<String> lines = running.body()) {
      for (String line : (Iterable<String>) lines::iterator) {
        if (line.startsWith("data: {")) {
          joined.append(text(ServerFixture.json(line.substring(6))));
        }
      }
    }
    assertEquals(whole, joined.toString(), "what ran went on with what it began with");
    assertEquals(oldDigest, running.headers().firstValue("preamble-adapter-digest").orElseThrow());
  }

  @Test
  void aReplacementThatCannotBeLoadedIsShownAndTheOldVersionStays() throws Exception {
    String old = answer("first");
    Path tensors = adapters.resolve("first/adapter_model.safetensors");
    byte[] whole = Files.readAllBytes(tensors);
    Files.write(tensors, new byte[] {1, 2, 3});
    awaitThat("the fault is shown", () -> !shown("first").get("error").isNull());
    assertEquals("ready", shown("first").get("status").asText());
    assertEquals(old, answer("first"));
    Files.write(tensors, whole);
    awaitThat("the fault is gone", () -> shown("first").get("error").isNull());
    assertEquals(old, answer("first"));
  }

  @Test
  void anUploadedTarIsServedAndComesBackTheSame() throws Exception {
    adapter(5, 5).save(folder.resolve("up"));
    for (String file : List.of("metrics.jsonl", "loss.png", "loss.svg", "preamble_run.yaml")) {
      Files.writeString(folder.resolve("up").resolve(file), "what stands in " + file);
    }
    byte[] tar = Tars.of(folder.resolve("up"));
    HttpResponse<String> created = upload("uploaded", "application/x-tar", tar);
    assertEquals(201, created.statusCode(), created::body);
    JsonNode json = ServerFixture.json(created.body());
    assertEquals("PROMPT_TUNING", json.get("method").asText());
    assertEquals(5, json.get("virtual_tokens").asInt());
    assertEquals(List.of("uploaded"), List.of(json.at("/models/0").asText()));
    String first = answer("uploaded");
    HttpResponse<byte[]> back =
        server
            .client()
            .send(
                server.request("/v1/adapters/uploaded/download").build(),
                HttpResponse.BodyHandlers.ofByteArray());
    assertEquals(200, back.statusCode());
    Map<String, byte[]> files = unpacked(back.body());
    assertEquals("./preamble_run.yaml", json.at("/ignored/0").asText());
    assertEquals(
        Set.of(
            "adapter_config.json",
            "adapter_model.safetensors",
            "README.md",
            "metrics.jsonl",
            "loss.png",
            "loss.svg"),
        files.keySet());
    for (String file : files.keySet()) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("up").resolve(file)), files.get(file), file);
    }
    HttpResponse<String> replaced =
        upload("uploaded", "application/x-tar", saved(adapter(8, 6), "up2"));
    assertEquals(200, replaced.statusCode(), replaced::body);
    assertNotEquals(first, answer("uploaded"), "served from the answer on");
    assertEquals(200, server.json("DELETE", "/v1/adapters/uploaded", "").statusCode());
    assertFalse(Files.exists(adapters.resolve("uploaded")));
    assertEquals(404, status("uploaded"));
  }

  private static Map<String, byte[]> unpacked(byte[] tar) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (var archive = new TarArchiveInputStream(new ByteArrayInputStream(tar))) {
      for (TarArchiveEntry entry = archive.getNextEntry();
          entry != null;
          entry = archive.getNextEntry()) {
        files.put(entry.getName(), archive.readAllBytes());
      }
    }
    return files;
  }

  @Test
  void aFormOfFilesIsServedAndWhatIsNoAdaptersFileIsNamed() throws Exception {
    Path files = folder.resolve("form");
    adapter(3, 3).save(files);
    Files.writeString(files.resolve("training_args.txt"), "learning rate and such");
    HttpResponse<String> response =
        upload("formed", "multipart/form-data; boundary=border", Forms.of(files, "border"));
    assertEquals(201, response.statusCode(), response::body);
    JsonNode json = ServerFixture.json(response.body());
    assertEquals("training_args.txt", json.at("/ignored/0").asText());
    assertEquals(3, json.get("virtual_tokens").asInt());
    answer("formed");
  }

  @Test
  void aPathInsideTheFolderIsServedUnderAnotherName() throws Exception {
    adapter(4, 4).save(adapters.resolve("deep/down/here"));
    assertEquals(
        201,
        server.json("PUT", "/v1/adapters/alias", "{\"path\": \"deep/down/here\"}").statusCode());
    String text = answer("alias");
    assertTrue(shown("alias").get("registered").asBoolean());
    HttpResponse<String> loaded =
        server.json(
            "POST",
            "/v1/load_lora_adapter",
            "{\"lora_name\": \"again\", \"lora_path\": \"%s\"}"
                .formatted(adapters.resolve("deep/down/here")));
    assertEquals("Success: LoRA adapter 'again' added successfully.", loaded.body());
    assertEquals(text, answer("again"));
    assertEquals(
        409,
        server
            .json(
                "POST",
                "/v1/load_lora_adapter",
                "{\"lora_name\": \"again\", \"lora_path\": \"first\"}")
            .statusCode());
    HttpResponse<String> unloaded =
        server.json("POST", "/v1/unload_lora_adapter", "{\"lora_name\": \"again\"}");
    assertEquals("Success: LoRA adapter 'again' removed successfully.", unloaded.body());
    assertEquals(404, status("again"));
    assertEquals(200, server.json("DELETE", "/v1/adapters/alias", "").statusCode());
    assertTrue(Files.exists(adapters.resolve("deep/down/here/adapter_config.json")));
  }

  @Test
  void anUnloadedAdapterOfTheFolderStaysAwayUntilItIsLoadedAgain() throws Exception {
    server.json("POST", "/v1/unload_lora_adapter", "{\"lora_name\": \"first\"}");
    assertEquals(404, status("first"));
    assertTrue(Files.exists(adapters.resolve("first/adapter_config.json")));
    assertEquals(404, server.get("/v1/adapters/first").statusCode());
    HttpResponse<String> again =
        server.json(
            "POST",
            "/v1/load_lora_adapter",
            "{\"lora_name\": \"first\", \"lora_path\": \"first\"}");
    assertEquals(200, again.statusCode(), again::body);
    answer("first");
  }

  @Test
  void aMultitaskPromptIsAModelForEachTask() throws Exception {
    int width = model.manifest().hiddenSize();
    Random random = new Random(4);
    MultitaskPromptTuning.of(
            model.baseModel(),
            3,
            2,
            1,
            values(random, 3 * width),
            values(random, 6),
            values(random, 2 * width))
        .save(adapters.resolve("many"));
    awaitThat("the adapter is there", () -> status("many:0") == 200);
    assertEquals(List.of(BASE, "first", "many:0", "many:1", "second"), server.server().models());
    HttpResponse<String> one = server.post(body("many:1", BEGINNING, 3).toString());
    assertEquals("many:1", one.headers().firstValue("preamble-adapter").orElse(""));
    assertEquals(
        "MULTITASK_PROMPT_TUNING", one.headers().firstValue("preamble-adapter-kind").orElse(""));
    assertNotEquals(scores("many:0"), scores("many:1"));
    for (String none : List.of("many", "many:2", "many:-1", "many:00000000001", "first:0")) {
      assertEquals(404, status(none), none);
    }
  }

  private JsonNode scores(String name) throws Exception {
    return server
        .answer(body(name, BEGINNING, 3).put("logprobs", 0))
        .at("/choices/0/logprobs/token_logprobs");
  }

  private static float[] values(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @Test
  void whatCannotBeServedIsRefusedAndNothingHasChanged() throws Exception {
    String old = answer("first");
    Path narrow = folder.resolve("narrow");
    Files.createDirectories(narrow);
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(Path.of("test-fixtures/adapters/prompt-llama", file), narrow.resolve(file));
    }
    refused(400, "made for another model", upload("first", "application/x-tar", Tars.of(narrow)));
    byte[] noise = new byte[4096];
    new Random(1).nextBytes(noise);
    refused(400, "malformed", upload("first", "application/x-tar", noise));
    refused(400, "expected the files", upload("first", "application/x-tar", new byte[1024]));
    byte[] tar = saved(adapter(5, 5), "up");
    refused(415, "not compressed", upload("first", "application/gzip", tar));
    refused(409, "frozen model", upload(BASE, "application/x-tar", tar));
    for (String name :
        List.of("..", "a%2Fb", "..%2Fescaped", "%2Fetc", ".hidden", "a:1", "a%00b")) {
      HttpResponse<String> response = upload(name, "application/x-tar", tar);
      assertTrue(response.statusCode() >= 400 && response.statusCode() < 500, name);
    }
    assertEquals(old, answer("first"));
    assertEquals(List.of(BASE, "first", "second"), server.server().models());
    assertFalse(Files.exists(folder.resolve("escaped")));
  }

  @Test
  void archivesThatLeadElsewhereAreRefusedWhole() throws Exception {
    for (Map.Entry<String, byte[]> hostile : Tars.hostile(adapter(5, 5), folder).entrySet()) {
      HttpResponse<String> response = upload("victim", "application/x-tar", hostile.getValue());
      assertEquals(400, response.statusCode(), hostile.getKey() + response.body());
      assertFalse(response.body().contains(adapters.toString()), response.body());
    }
    assertEquals(404, status("victim"));
    assertFalse(Files.exists(folder.resolve("escaped")));
  }

  @Test
  void pathsThatLeadOutAreRefused() throws Exception {
    Path outside = folder.resolve("outside");
    adapter(4, 4).save(outside);
    Files.createSymbolicLink(adapters.resolve("link"), outside);
    Files.createDirectories(adapters.resolve("linked"));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.createSymbolicLink(adapters.resolve("linked").resolve(file), outside.resolve(file));
    }
    for (String path :
        List.of(
            "../outside", outside.toString(), "link", "first/../../outside", "/etc", "a\\u0000b")) {
      refused(
          400,
          "inside the server's adapter folder",
          server.json("PUT", "/v1/adapters/alias", "{\"path\": \"%s\"}".formatted(path)));
    }
    refused(
        400, "leads out of", server.json("PUT", "/v1/adapters/alias", "{\"path\": \"linked\"}"));
    for (String name : List.of("link", "linked")) {
      assertEquals(404, status(name));
      assertEquals("failed", shown(name).get("status").asText());
    }
  }

  private static void refused(int status, String reason, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response::body);
    assertTrue(response.body().contains(reason), response::body);
  }

  @Test
  void anUploadOverTheLimitIsRefusedAndLeavesNothing() throws Exception {
    server.close();
    server =
        ServerFixture.start(
            adapters, config -> config.withAdapters(config.adapters().withUploadBytes(20_000)));
    byte[] tar = new byte[60_000];
    refused(413, "20,000 bytes", upload("big", "application/x-tar", tar));
    HttpRequest chunked =
        server
            .request("/v1/adapters/big")
            .header("content-type", "application/x-tar")
            .PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(tar)))
            .build();
    refused(413, "20,000 bytes", server.send(chunked, ""));
    Path files = folder.resolve("form");
    Files.createDirectories(files);
    Files.write(files.resolve("other.bin"), tar);
    refused(
        413,
        "20,000 bytes",
        upload("big", "multipart/form-data; boundary=border", Forms.of(files, "border")));
    assertEquals(200, status("first"));
  }

  @Test
  void valuesBeyondTheBudgetAreReadAgainWhenTheyAreNeeded() throws Exception {
    server.close();
    int width = model.manifest().hiddenSize();
    server =
        ServerFixture.start(
            adapters,
            config -> config.withAdapters(config.adapters().withBytes(12L * width * Float.BYTES)));
    List<String> alone = List.of(answer("first"), answer("second"));
    for (int round = 0; round < 3; round++) {
      assertEquals(alone.get(0), answer("first"));
      assertFalse(shown("second").get("resident").asBoolean());
      assertEquals(alone.get(1), answer("second"));
      assertFalse(shown("first").get("resident").asBoolean());
    }
    assertEquals(200, server.json("PUT", "/v1/adapters/first/pin", "").statusCode());
    answer("second");
    assertTrue(shown("first").get("resident").asBoolean(), "pinned");
    assertTrue(shown("first").get("pinned").asBoolean());
    assertEquals(200, server.json("DELETE", "/v1/adapters/first/pin", "").statusCode());
    adapter(13, 13).save(adapters.resolve("thirteen"));
    assertEquals(200, status("thirteen"));
    refused(409, "raise --adapter-bytes", server.json("PUT", "/v1/adapters/thirteen/pin", ""));
  }

  @Test
  void aPinnedAdaptersPrefixStaysAndFollowsItsContent() throws Exception {
    assertEquals(200, server.json("PUT", "/v1/adapters/first/pin", "").statusCode());
    PrefixStatistics pinned = server.server().status().prefixes();
    assertEquals(1, pinned.entries(), "computed though nobody has asked");
    server.close();
    long two = 2 * pinned.bytes();
    server =
        ServerFixture.start(
            adapters, config -> config.withEngine(config.engine().withPrefixBytes(two)));
    assertEquals(200, server.json("PUT", "/v1/adapters/first/pin", "").statusCode());
    adapter(7, 7).save(adapters.resolve("third"));
    assertEquals(0, computed("first"), "the pinned one stays");
    adapter(9, 99).save(adapters.resolve("first"));
    String digest = Adapter.open(adapters.resolve("first")).digest();
    awaitThat("the new version", () -> shown("first").get("digest").asText().equals(digest));
    awaitThat("its prefix", () -> computed("first") == 0);
    assertEquals(200, server.json("PUT", "/v1/adapters/second/pin", "").statusCode());
    refused(409, "cannot be pinned", server.json("PUT", "/v1/adapters/third/pin", ""));
    assertFalse(shown("third").get("pinned").asBoolean());
    assertEquals(200, server.json("DELETE", "/v1/adapters/second/pin", "").statusCode());
    assertEquals(200, server.json("PUT", "/v1/adapters/third/pin", "").statusCode());
    assertEquals(200, server.json("DELETE", "/v1/adapters/first", "").statusCode());
    awaitThat(
        "room for another",
        () -> server.json("PUT", "/v1/adapters/second/pin", "").statusCode() == 200);
  }

  @Test
  void aPinIsNotRefusedForAnotherAdaptersSake() throws Exception {
    assertEquals(200, server.json("PUT", "/v1/adapters/first/pin", "").statusCode());
    long two = 2 * server.server().status().prefixes().bytes();
    server.close();
    server =
        ServerFixture.start(
            adapters, config -> config.withEngine(config.engine().withPrefixBytes(two)));
    assertEquals(200, server.json("PUT", "/v1/adapters/first/pin", "").statusCode());
    adapter(100, 99).save(adapters.resolve("first"));
    awaitThat("the new version", () -> shown("first").get("virtual_tokens").asInt() == 100);
    assertEquals(200, server.json("PUT", "/v1/adapters/second/pin", "").statusCode());
    refused(409, "first cannot be pinned", server.json("PUT", "/v1/adapters/first/pin", ""));
  }

  /**
   * How many prefixes a request under {@code name} computes after others took what room is left.
   */
  private long computed(String name) throws Exception {
    assertEquals(200, status("third"));
    assertEquals(200, status("second"));
    long before = server.server().status().prefixes().misses();
    assertEquals(200, status(name));
    return server.server().status().prefixes().misses() - before;
  }

  @Test
  void whatIsUnknownIsSaidToBeSo() throws Exception {
    for (String method : List.of("GET", "DELETE")) {
      assertEquals(404, server.json(method, "/v1/adapters/nobody", "").statusCode());
    }
    assertEquals(404, server.json("PUT", "/v1/adapters/nobody/pin", "").statusCode());
    assertEquals(404, server.get("/v1/adapters/nobody/download").statusCode());
    refused(
        400, "lora_path", server.json("POST", "/v1/load_lora_adapter", "{\"lora_name\": \"a\"}"));
    refused(400, "path", server.json("PUT", "/v1/adapters/a", "{\"way\": \"a\"}"));
    assertTrue(
        new String(
                server.get("/openapi.yaml").body().getBytes(StandardCharsets.UTF_8),
                StandardCharsets.UTF_8)
            .startsWith("openapi: 3.1.0"));
  }
}
