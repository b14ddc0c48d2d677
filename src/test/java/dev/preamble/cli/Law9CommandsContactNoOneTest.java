package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.Traced;
import dev.preamble.generation.Stories;
import dev.preamble.runtime.OnnxRuntime;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Law 9: no command contacts anyone but those whom its user named, and none leaves files of any
 * library's telemetry behind: what appears in the user's home is the program's cache alone.
 */
class Law9CommandsContactNoOneTest {
  private static final Path MODEL = Stories.SMALL.toAbsolutePath();

  @TempDir Path home;

  @Test
  void score() throws Exception {
    try (Traced run =
        Traced.start(home, Preamble.class, "score", "--model", MODEL, "--text", "Once upon")) {
      assertTrue(run.await(0).contains("perplexity"));
      contactsNoOne("score", run);
      assertTrue(run.files().stream().anyMatch(file -> file.contains("/onnxruntime-")));
    }
  }

  /** With a libonnxruntime of the user's own, none is unpacked. */
  @Test
  void generateWithAnotherLibrary() throws Exception {
    Path library = home.resolve("mine/libonnxruntime.so.1");
    Files.createDirectories(library.getParent());
    Files.copy(OnnxRuntime.path(), library);
    try (Traced run =
        Traced.start(
            home,
            Preamble.class,
            "generate",
            "--model",
            MODEL,
            "--onnxruntime",
            library,
            "--prompt",
            "Once upon a time",
            "--max-tokens",
            "5")) {
      run.await(0);
      Files.delete(library);
      contactsNoOne("generate", run);
      assertFalse(run.files().stream().anyMatch(file -> file.contains("/onnxruntime-")));
    }
  }

  @Test
  void serveAndACompletion() throws Exception {
    try (Traced run =
        Traced.start(home, Preamble.class, "serve", "--model", MODEL, "--port", "0")) {
      complete(run.process().inputReader());
      run.process().children().forEach(ProcessHandle::destroy);
      run.process().destroy();
      run.process().waitFor();
      contactsNoOne("serve", run);
    }
  }

  private static void complete(BufferedReader output) throws IOException, InterruptedException {
    String line = output.readLine();
    while (line != null && !line.startsWith("ready at ")) {
      line = output.readLine();
    }
    assertTrue(line != null, "the server did not start");
    URI completions = URI.create(line.split(" ")[2].replaceFirst(":$", "") + "/v1/completions");
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(completions)
                  .header("Content-Type", "application/json")
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          "{\"model\": \"stories260K\", \"prompt\": \"Once\", \"max_tokens\": 3}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertEquals(200, answer.statusCode(), answer.body());
    }
  }

  private static void contactsNoOne(String command, Traced run) throws IOException {
    assertEquals(List.of(), run.callsToOthers());
    for (String file : run.files()) {
      assertTrue(file.startsWith(".cache/preamble/"), file);
    }
    System.out.printf(
        "[law 9] %s: 0 calls to other machines%s, no file outside the cache%n",
        command, run.isTraced() ? "" : " (not traced)");
  }
}
