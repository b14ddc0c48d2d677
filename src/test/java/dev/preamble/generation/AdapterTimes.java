package dev.preamble.generation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.sampling.Ending;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.model.FrozenModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** What adapters cost the engine: how many there are, and the way to a request's first token. */
final class AdapterTimes {
  private static final int MANY = 2_000;
  private static final int FEW = 5;
  private static final int REQUESTS = 64;
  private static final int PROMPT = 32;

  /** Virtual tokens of the adapters whose first token is timed. */
  private static final int LONG = 100;

  private final FrozenModel model;
  private final EngineOptions options;
  private final Random random = new Random(2);

  AdapterTimes(FrozenModel model, EngineOptions options) {
    this.model = model;
    this.options = options;
  }

  /**
   * Throughput of {@value #REQUESTS} requests under {@value #MANY} adapters in turn beside that
   * under {@value #FEW}, all prefixes computed before.
   *
   * @param rounds how often each is timed, in turns
   */
  void many(int rounds, ObjectNode report) {
    List<FittedAdapter> all = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      all.add(Stories.fitted(model, 8, i));
    }
    List<FittedAdapter> few = all.subList(0, FEW);
    try (Engine engine =
        BatchingEngine.open(model, options.withRows(8).withPrefixBytes(8L << 30))) {
      all.stream()
          .map(adapter -> engine.submit(request(1, 1).withAdapter(adapter)))
          .toList()
          .forEach(Generation::await);
      List<Double> ofFew = new ArrayList<>();
      List<Double> ofAll = new ArrayList<>();
      serve(engine, few);
      for (int round = 0; round < rounds; round++) {
        ofFew.add(serve(engine, few));
        ofAll.add(serve(engine, all));
      }
      report
          .put("seconds_with_5", median(ofFew))
          .put("seconds_with_2000", median(ofAll))
          .put("throughput_2000_over_5", median(ofFew) / median(ofAll))
          .put("prefix_bytes", engine.status().prefixes().bytes())
          .put("prefixes_computed", engine.status().prefixes().misses());
    }
  }

  private double serve(Engine engine, List<FittedAdapter> adapters) {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      FittedAdapter adapter = adapters.get(random.nextInt(adapters.size()));
      requests.add(request(16, 24).withAdapter(adapter));
    }
    long start = System.nanoTime();
    requests.stream().map(engine::submit).toList().forEach(Generation::await);
    return (System.nanoTime() - start) / 1e9;
  }

  /**
   * First token without an adapter; with a prompt of {@value #LONG} rows whose prefix is kept,
   * right behind a request under it and behind one under another; and of an adapter that lies on
   * disk.
   *
   * @param rounds how often each is timed, in turns
   */
  void firstToken(int rounds, ObjectNode report) throws IOException {
    Path folder = Files.createTempDirectory("preamble-adapters");
    FittedAdapter adapter = Stories.fitted(model, LONG, 1);
    FittedAdapter other = Stories.fitted(model, LONG, 2);
    try (Engine engine = BatchingEngine.open(model, options)) {
      List<Double> without = new ArrayList<>();
      List<Double> again = new ArrayList<>();
      List<Double> turned = new ArrayList<>();
      List<Double> cold = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        GenerationRequest plain = request(PROMPT, 1);
        GenerationRequest under = request(PROMPT, 1).withAdapter(adapter);
        AdapterInFolder fresh = new AdapterInFolder(folder.resolve("adapter-" + round), model);
        Stories.adapter(model, LONG, LONG + round).save(fresh.place());
        first(() -> engine.submit(plain));
        without.add(first(() -> engine.submit(plain)));
        first(() -> engine.submit(request(PROMPT, 1).withAdapter(other)));
        turned.add(first(() -> engine.submit(under)));
        again.add(first(() -> engine.submit(under)));
        cold.add(first(() -> engine.submit(plain, fresh, token -> {})));
      }
      report
          .put("without_seconds", median(without))
          .put("with_100_again_seconds", median(again))
          .put("with_100_again_over_without", median(again) / median(without))
          .put("with_100_in_turns_seconds", median(turned))
          .put("with_100_in_turns_over_without", median(turned) / median(without))
          .put("with_100_from_folder_seconds", median(cold));
    } finally {
      delete(folder);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static double first(Supplier<Generation> submitted) {
    long start = System.nanoTime();
    submitted.get().await();
    return (System.nanoTime() - start) / 1e9;
  }

  static double median(List<Double> seconds) {
    return seconds.stream().sorted().toList().get(seconds.size() / 2);
  }

  private GenerationRequest request(int prompt, int tokens) {
    return request(model, random, prompt, tokens);
  }

  /** A greedy request of random tokens that no end-of-text token ends. */
  static GenerationRequest request(FrozenModel model, Random random, int prompt, int tokens) {
    int[] ids = random.ints(prompt, 3, model.manifest().vocabularySize()).toArray();
    return GenerationRequest.of(ids)
        .withMaxTokens(tokens)
        .withSampling(Sampling.greedy().withEnding(Ending.MODELS.withIgnoreEos(true)));
  }
}
