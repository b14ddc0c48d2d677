package dev.preamble.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.EngineOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Measures tokens a second of 32 streams over HTTP against the engine alone under the same load, in
 * turns, and writes what it found as JSON. Run it as a main class on the test class path with the
 * arguments OUT THREADS ROUNDS MODEL....
 */
final class HttpThroughputBenchmark {
  private static final StreamLoad LOAD = new StreamLoad(32, 96, 128);

  /** Loads before what is measured: until then the JVM compiles, at the expense of both. */
  private static final int WARM_UP = 3;

  private HttpThroughputBenchmark() {}

  public static void main(String[] arguments) throws Exception {
    int threads = Integer.parseInt(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    ObjectNode report =
        Machine.describe()
            .put("threads", threads)
            .put("clients", LOAD.clients())
            .put("requests", LOAD.requests())
            .put("tokens", LOAD.tokens());
    ArrayNode models = report.putArray("models");
    for (int i = 3; i < arguments.length; i++) {
      measure(Path.of(arguments[i]), threads, rounds, models.addObject());
    }
    Files.writeString(Path.of(arguments[0]), report.toPrettyString() + "\n");
    System.out.println(report.toPrettyString());
    System.exit(0);
  }

  private static void measure(Path model, int threads, int rounds, ObjectNode report)
      throws InterruptedException, IOException {
    EngineOptions options = EngineOptions.defaults().withThreads(threads).withTextBytes(0);
    List<Double> alone = new ArrayList<>();
    List<Double> http = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    double eventsPerToken = 0;
    try (EngineLoad engine = new EngineLoad(model, options, LOAD);
        HttpLoad server = new HttpLoad(model, options, LOAD)) {
      engine.tokensPerSecond();
      for (int load = 0; load < WARM_UP; load++) {
        server.measure();
      }
      for (int round = 0; round < rounds; round++) {
        alone.add(engine.tokensPerSecond());
        HttpLoad.Result result = server.measure();
        http.add(result.tokensPerSecond());
        eventsPerToken = result.eventsPerToken();
        ratios.add(http.getLast() / alone.getLast());
      }
    }
    Collections.sort(ratios);
    report
        .put("model", model.getFileName().toString())
        .put("rounds", rounds)
        .put("engine_tokens_per_second", Collections.max(alone))
        .put("http_tokens_per_second", Collections.max(http))
        .put("http_over_engine_best", Collections.max(http) / Collections.max(alone))
        .put("http_over_engine_median", ratios.get(ratios.size() / 2))
        .put("http_over_engine_least", ratios.getFirst())
        .put("events_per_token", eventsPerToken);
  }
}
