package dev.preamble.generation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.SlotCache;
import dev.preamble.model.SlotPass;
import dev.preamble.oracle.Oracle;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Times of the engine, of a bare loop over the runtime, and of PEFT, on one model. */
public final class GenerationTimes {
  private static final int PROMPT = 32;
  private static final int TOKENS = 64;
  private static final int VIRTUAL = 8;

  /** How often each thing is timed, in turns. */
  private static final int ROUNDS = 12;

  /** Steps that are timed together. */
  private static final int BLOCK = 12;

  private final FrozenModel model;
  private final int threads;
  private final EngineOptions options;
  private final Random random = new Random(1);

  /**
   * @param threads of the engine, the bare loop and PEFT alike
   */
  public GenerationTimes(FrozenModel model, int threads) {
    this.model = model;
    this.threads = threads;
    this.options = EngineOptions.defaults().withThreads(threads).withQueue(4096).withTextBytes(0);
  }

  /** Everything that is measured of a model. */
  public ObjectNode measure() throws IOException {
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report.put("model", model.manifest().baseModel().name());
    report.put("prompt_tokens", PROMPT).put("new_tokens", TOKENS);
    for (int rows : new int[] {1, 8}) {
      throughput(rows, report.putObject("batch_" + rows));
    }
    AdapterTimes adapters = new AdapterTimes(model, options);
    adapters.firstToken(30, report.putObject("first_token"));
    adapters.many(ROUNDS / 2, report.putObject("many_adapters"));
    return report;
  }

  private void throughput(int rows, ObjectNode report) {
    double bare = Double.MAX_VALUE;
    double steps = Double.MAX_VALUE;
    double whole = Double.MAX_VALUE;
    double peft = Double.MAX_VALUE;
    FittedAdapter adapter = Stories.fitted(model, VIRTUAL, 1);
    try (Engine engine = BatchingEngine.open(model, options);
        ModelRunner runner = new ModelRunner(model, threads)) {
      decode(engine, rows, adapter);
      for (int round = 0; round < ROUNDS; round++) {
        bare = Math.min(bare, bareStep(runner, rows));
        double[] times = decode(engine, rows, adapter);
        whole = Math.min(whole, times[0]);
        steps = Math.min(steps, times[1]);
      }
      for (JsonNode seconds : peft(rows).get("seconds")) {
        peft = Math.min(peft, seconds.asDouble());
      }
    }
    report
        .put("bare_step_seconds", bare)
        .put("engine_step_seconds", steps)
        .put("engine_over_bare_throughput", bare / steps)
        .put("engine_tokens_per_second", rows * TOKENS / whole)
        .put("peft_tokens_per_second", rows * TOKENS / peft)
        .put("engine_over_peft", peft / whole);
  }

  /** Seconds of a step of a loop that does nothing but run the model, for rows as in the engine. */
  private double bareStep(ModelRunner runner, int rows) {
    try (SlotCache cache = runner.slots(rows, 256);
        SlotPass fill = runner.pass(cache, 1);
        SlotPass step = runner.pass(cache, rows)) {
      int filled = VIRTUAL + PROMPT;
      int[] prompt = random.ints(filled, 3, model.manifest().vocabularySize()).toArray();
      for (int slot = 0; slot < rows; slot++) {
        fill.advance(slot, prompt, 0, filled, 0);
      }
      int[] tokens = random.ints(rows, 3, model.manifest().vocabularySize()).toArray();
      List<Long> came = new ArrayList<>();
      for (int i = 0; i < TOKENS; i++) {
        step.step(tokens);
        came.add(System.nanoTime());
      }
      return best(came);
    }
  }

  /** Seconds from submission to the last token, and of a step while all rows decode. */
  private double[] decode(Engine engine, int rows, FittedAdapter adapter) {
    List<List<Long>> came = new ArrayList<>();
    List<Generation> all = new ArrayList<>();
    long start = System.nanoTime();
    for (int row = 0; row < rows; row++) {
      List<Long> times = new ArrayList<>(TOKENS);
      came.add(times);
      all.add(
          engine.submit(
              request(PROMPT, TOKENS).withAdapter(adapter), token -> times.add(System.nanoTime())));
    }
    all.forEach(Generation::await);
    double whole = (System.nanoTime() - start) / 1e9;
    long from = came.stream().mapToLong(List::getFirst).max().orElseThrow();
    return new double[] {
      whole, best(came.getFirst().stream().filter(time -> time >= from).toList())
    };
  }

  /** Seconds of a step: the mean of the best {@value #BLOCK} in a row. */
  private static double best(List<Long> came) {
    double best = Double.MAX_VALUE;
    for (int i = 0; i + BLOCK < came.size(); i++) {
      best = Math.min(best, (came.get(i + BLOCK) - came.get(i)) / 1e9 / BLOCK);
    }
    return best;
  }

  private JsonNode peft(int rows) {
    return Oracle.shared()
        .call(
            "time_generate",
            Map.of(
                "model", model.folder().toString(),
                "rows", rows,
                "prompt_tokens", PROMPT,
                "new_tokens", TOKENS,
                "virtual_tokens", VIRTUAL,
                "rounds", 3,
                "threads", threads));
  }

  private GenerationRequest request(int prompt, int tokens) {
    return AdapterTimes.request(model, random, prompt, tokens);
  }
}
