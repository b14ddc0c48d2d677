package dev.preamble.generation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.SlotCache;
import dev.preamble.model.SlotPass;
import dev.preamble.oracle.Oracle;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.IntFunction;

/** Times of the engine, of bare loops over the runtime, and of PEFT, on one model. */
public final class GenerationTimes {
  private static final int PROMPT = 32;
  private static final int TOKENS = 64;
  private static final int VIRTUAL = 8;

  /** Positions of a slot in a loop. */
  private static final int LONGEST = 256;

  /** How often each thing is timed, in turns. */
  private static final int ROUNDS = 6;

  /** Rounds before, in which the model's memory is touched. */
  private static final int WARMING = 5;

  /** Rounds before on a model of short steps, in which Java compiles. */
  private static final int COMPILING = 120;

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
    compile();
    for (int rows : new int[] {1, 8}) {
      throughput(rows, report.putObject("batch_" + rows));
    }
    AdapterTimes adapters = new AdapterTimes(model, options);
    adapters.firstToken(30, report.putObject("first_token"));
    adapters.many(ROUNDS, report.putObject("many_adapters"));
    return report;
  }

  /** Lets Java compile what is timed: compilers at work take a processor from the steps. */
  private void compile() {
    try (FrozenModel small = FrozenModel.open(Stories.SMALL);
        BatchingEngine engine = BatchingEngine.open(small, options)) {
      GenerationTimes times = new GenerationTimes(small, threads);
      FittedAdapter adapter = Stories.fitted(small, VIRTUAL, 1);
      for (int round = 0; round < COMPILING; round++) {
        times.decode(engine, round % 2 == 0 ? 8 : 1, adapter, new ArrayList<>());
      }
    }
  }

  private void throughput(int rows, ObjectNode report) {
    List<Double> bare = new ArrayList<>();
    List<Double> exported = new ArrayList<>();
    List<Double> greedy = new ArrayList<>();
    List<Double> steps = new ArrayList<>();
    double whole = Double.MAX_VALUE;
    double peft = Double.MAX_VALUE;
    FittedAdapter adapter = Stories.fitted(model, VIRTUAL, 1);
    SessionOptions same =
        SessionOptions.defaults().withThreads(threads).withSpinning(options.spins());
    try (BatchingEngine engine = BatchingEngine.open(model, options);
        Session session = model.session(model.graph(), same)) {
      ModelRunner runner = engine.parts().runner();
      Loop inEngine = new Loop(slots -> runner.slots(slots, LONGEST), runner::pass);
      Loop ofExported =
          new Loop(
              slots -> model.slots(session, slots, LONGEST),
              (cache, count) -> model.pass(session, cache, count));
      for (int round = 0; round < WARMING; round++) {
        steps(inEngine, rows, true);
        steps(ofExported, rows, false);
        decode(engine, rows, adapter, new ArrayList<>());
      }
      for (int round = 0; round < ROUNDS; round++) {
        bare.addAll(steps(inEngine, rows, false));
        exported.addAll(steps(ofExported, rows, false));
        greedy.addAll(steps(inEngine, rows, true));
        whole = Math.min(whole, decode(engine, rows, adapter, steps));
      }
      for (JsonNode seconds : peft(rows).get("seconds")) {
        peft = Math.min(peft, seconds.asDouble());
      }
    }
    report
        .put("bare_step_seconds", AdapterTimes.median(bare))
        .put("engine_step_seconds", AdapterTimes.median(steps))
        .put("engine_over_bare_throughput", AdapterTimes.median(bare) / AdapterTimes.median(steps))
        .put("engine_over_bare_best", Collections.min(bare) / Collections.min(steps))
        .put("exported_graph_step_seconds", AdapterTimes.median(exported))
        .put(
            "engine_over_exported_graph_throughput",
            AdapterTimes.median(exported) / AdapterTimes.median(steps))
        .put("engine_over_exported_graph_best", Collections.min(exported) / Collections.min(steps))
        .put("greedy_loop_step_seconds", AdapterTimes.median(greedy))
        .put(
            "engine_over_greedy_loop_throughput",
            AdapterTimes.median(greedy) / AdapterTimes.median(steps))
        .put("engine_over_greedy_loop_best", Collections.min(greedy) / Collections.min(steps))
        .put("engine_tokens_per_second", rows * TOKENS / whole)
        .put("peft_tokens_per_second", rows * TOKENS / peft)
        .put("engine_over_peft", peft / whole);
  }

  /**
   * How a loop runs the model: in the engine's session, since where two sessions' weights lie in
   * memory makes more of a difference than what is compared, or in one of the graph as exported,
   * without the maxima that the engine has the runtime find.
   *
   * @param slots so many empty slots
   * @param pass over so many of them
   */
  private record Loop(
      IntFunction<SlotCache> slots, BiFunction<SlotCache, Integer, SlotPass> pass) {}

  /**
   * Seconds of steps of a loop that does nothing but run the model, for rows as in the engine.
   *
   * @param greedy whether it looks for each row's most probable token and goes on with it, which is
   *     the least that decodes; else the same tokens come in every step
   */
  private List<Double> steps(Loop loop, int rows, boolean greedy) {
    try (SlotCache cache = loop.slots().apply(rows);
        SlotPass fill = loop.pass().apply(cache, 1);
        SlotPass step = loop.pass().apply(cache, rows)) {
      int filled = VIRTUAL + PROMPT;
      int[] prompt = random.ints(filled, 3, model.manifest().vocabularySize()).toArray();
      for (int slot = 0; slot < rows; slot++) {
        fill.advance(slot, prompt, 0, filled, 0);
      }
      int[] tokens = random.ints(rows, 3, model.manifest().vocabularySize()).toArray();
      List<Long> came = new ArrayList<>();
      for (int i = 0; i < TOKENS; i++) {
        MemorySegment logits = step.step(tokens).values();
        for (int row = 0; greedy && row < rows; row++) {
          tokens[row] = mostProbable(logits, row);
        }
        came.add(System.nanoTime());
      }
      return steps(came);
    }
  }

  private int mostProbable(MemorySegment logits, int row) {
    int vocabulary = model.manifest().vocabularySize();
    int best = 0;
    float highest = Float.NEGATIVE_INFINITY;
    for (int token = 0; token < vocabulary; token++) {
      float value = logits.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * vocabulary + token);
      if (value > highest) {
        highest = value;
        best = token;
      }
    }
    return best;
  }

  /**
   * Seconds from submission to the last token.
   *
   * @param steps gets the seconds of steps while all rows decode
   */
  private double decode(Engine engine, int rows, FittedAdapter adapter, List<Double> steps) {
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
    steps.addAll(steps(came.getFirst().stream().filter(time -> time >= from).toList()));
    return whole;
  }

  /** Seconds of a step: the means of {@value #BLOCK} in a row. */
  private static List<Double> steps(List<Long> came) {
    List<Double> means = new ArrayList<>();
    for (int i = 0; i + BLOCK < came.size(); i++) {
      means.add((came.get(i + BLOCK) - came.get(i)) / 1e9 / BLOCK);
    }
    return means;
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
                "rounds", 2,
                "threads", threads));
  }

  private GenerationRequest request(int prompt, int tokens) {
    return AdapterTimes.request(model, random, prompt, tokens);
  }
}
