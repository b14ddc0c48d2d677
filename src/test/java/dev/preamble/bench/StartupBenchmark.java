package dev.preamble.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.cli.Preamble;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures how long {@code preamble serve} takes from the start of its process until it says that
 * it is ready, and until the first request to it is answered: as the launcher starts it, from jars
 * with the cache that a rehearsal leaves, and without the cache. Run it as a main class on the test
 * class path with the arguments OUT ROUNDS MODEL....
 */
final class StartupBenchmark {
  private static final String ADAPTER = "test-fixtures/adapters/prompt-llama";

  private StartupBenchmark() {}

  /** Seconds from the start of a process. */
  private record Start(double ready, double answered) {}

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[1]);
    ObjectNode report = Machine.describe().put("rounds", rounds);
    try (Program program = Program.make(Preamble.class)) {
      run(program.rehearsal("dev.preamble.cli.Rehearsal", "test-fixtures/stories15M", ADAPTER));
      Map<String, List<String>> ways = new LinkedHashMap<>();
      ways.put("with_cache", program.command());
      ways.put("without_cache", program.plain());
      for (int i = 2; i < arguments.length; i++) {
        Path model = Path.of(arguments[i]);
        Map<String, List<Start>> starts = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
          for (Map.Entry<String, List<String>> way : ways.entrySet()) {
            starts
                .computeIfAbsent(way.getKey(), key -> new ArrayList<>())
                .add(start(way.getValue(), model));
          }
        }
        ObjectNode described = report.putObject(model.getFileName().toString());
        starts.forEach((way, all) -> describe(all, described.putObject(way)));
      }
    }
    Files.writeString(Path.of(arguments[0]), report.toPrettyString() + "\n");
    System.out.println(report.toPrettyString());
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    int code =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
    if (code != 0) {
      throw new AssertionError(command + " ended with " + code);
    }
  }

  private static Start start(List<String> program, Path model) throws Exception {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of("serve", "--no-log", "--port", "0", "--model", model.toString()));
    long began = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader out = process.inputReader();
        HttpClient client = HttpClient.newHttpClient()) {
      String line = out.readLine();
      double ready = (System.nanoTime() - began) / 1e9;
      if (line == null || !line.startsWith("ready at ")) {
        throw new AssertionError("the server is not ready: " + line);
      }
      ask(client, line.split(" ")[2].replaceFirst(":$", ""), model);
      return new Start(ready, (System.nanoTime() - began) / 1e9);
    } finally {
      process.destroy();
      process.waitFor();
    }
  }

  private static void ask(HttpClient client, String url, Path model) throws Exception {
    String body =
        "{\"model\": \"%s\", \"prompt\": \"Once upon a time\", \"max_tokens\": 1}"
            .formatted(model.getFileName());
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new AssertionError(answer.body());
    }
  }

  private static void describe(List<Start> starts, ObjectNode report) {
    put(report, "seconds_to_ready", starts.stream().map(Start::ready).toList());
    put(report, "seconds_to_first_answer", starts.stream().map(Start::answered).toList());
  }

  private static void put(ObjectNode report, String name, List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    report
        .putObject(name)
        .put("best", sorted.getFirst())
        .put("median", sorted.get(sorted.size() / 2));
  }
}
