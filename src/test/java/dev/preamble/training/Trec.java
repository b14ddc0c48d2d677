package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.fail;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.peft.Adapter;
import dev.preamble.training.method.MethodConfig;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;

/**
 * Question classification on TREC (Li and Roth 2002), whose terms do not let it be bundled: the
 * environment variable PREAMBLE_SHARED names a folder with {@code data/trec.train.jsonl} and {@code
 * data/trec.test.jsonl}.
 *
 * @param train rows to learn from
 * @param test the 500 test questions
 */
record Trec(Dataset train, Dataset test) {
  static final Path MODEL = Path.of("test-fixtures/stories15M");

  /** The prompt that PEFT's known figures are for. */
  static final MethodConfig METHOD =
      new PromptTuningConfig(
          16, new Initialisation.Text("Tell if this is a good or a bad thing. Say what it was:"));

  private static final DataOptions OPTIONS =
      new DataOptions("", new Template("{text} It is a"), words(), 91, 0);

  private static Map<String, String> words() {
    Map<String, String> words = new LinkedHashMap<>();
    words.put("abbreviation", "short");
    words.put("description", "what");
    words.put("entity", "thing");
    words.put("human", "person");
    words.put("location", "place");
    words.put("number", "number");
    return words;
  }

  /** The task with the first {@code rows} training rows. */
  static Trec read(FrozenModel model, Path data, int rows) {
    DataReader reader = new DataReader(model.tokenizer(), OPTIONS, OptionalInt.empty());
    Dataset all = reader.read(data.resolve("trec.train.jsonl"));
    return new Trec(
        new Dataset("trec", all.examples().subList(0, rows), all.labels(), List.of()),
        reader.read(data.resolve("trec.test.jsonl")));
  }

  /** The folder of the data; without it the calling test is skipped, and fails where CI runs. */
  static Path data() {
    String shared = System.getenv("PREAMBLE_SHARED");
    if (shared != null && Files.isReadable(Path.of(shared, "data", "trec.train.jsonl"))) {
      return Path.of(shared, "data");
    }
    String reason = "PREAMBLE_SHARED names no folder with data/trec.train.jsonl";
    if ("true".equals(System.getenv("CI"))) {
      return fail("CI asks for TREC, but " + reason);
    }
    System.err.println("SKIPPED, TREC not trained and not compared with PEFT: " + reason);
    Assumptions.abort(reason);
    return fail(reason);
  }

  /** Settings for {@code epochs} in batches of 16, with the loss over {@code objective}. */
  static TrainingConfig config(Objective objective, int epochs, long seed, int threads) {
    return new TrainingConfig(
        METHOD,
        epochs,
        Batching.of(16),
        objective,
        OptimizerConfig.defaults(),
        EvaluationPlan.defaults(),
        seed,
        threads);
  }

  /** The share of test questions that real PEFT answers right, behind {@code adapter} if any. */
  double accuracyInPeft(Optional<Path> adapter, int threads) {
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("model", MODEL.toString());
    arguments.put("rows", test.examples().stream().map(Example::prompt).toList());
    arguments.put("label_token_ids", test.labels().orElseThrow().tokens());
    arguments.put("answers", test.examples().stream().map(row -> row.label().getAsInt()).toList());
    adapter.ifPresent(path -> arguments.put("adapter", path.toString()));
    arguments.put("threads", threads);
    return Oracle.shared().call("accuracy", arguments).path("accuracy").asDouble();
  }

  /**
   * Trains in real PEFT, with the loss over the label words, from the same start over the same
   * batches as {@code config} has them.
   *
   * @param steps the most steps
   * @param folder gets the adapter that training starts from, {@code start}, and the one that comes
   *     of it, {@code peft}
   * @return the loss of each step
   */
  List<Double> trainInPeft(FrozenModel model, TrainingConfig config, int steps, Path folder) {
    Adapter start =
        METHOD.method(model).adapter(METHOD.method(model).initial(train.labels(), new Random(0)));
    start.save(folder.resolve("start"));
    BatchPlan plan = new BatchPlan(train, config.batching(), config.epochs(), config.seed());
    List<Map<String, Object>> batches =
        IntStream.range(0, config.epochs())
            .boxed()
            .flatMap(epoch -> plan.epoch(epoch).stream())
            .limit(steps)
            .map(step -> batch(step.getFirst()))
            .toList();
    OptimizerConfig optimizer = config.optimizer();
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("model", MODEL.toString());
    arguments.put("adapter", folder.resolve("start").toString());
    arguments.put("batches", batches);
    arguments.put("label_token_ids", train.labels().orElseThrow().tokens());
    arguments.put("lr", optimizer.learningRate());
    arguments.put("warmup_steps", Math.round(optimizer.warmup() * batches.size()));
    arguments.put("max_grad_norm", optimizer.maxGradNorm());
    arguments.put("out", folder.resolve("peft").toString());
    arguments.put("threads", config.threads());
    return Oracle.shared()
        .call("train_labels", arguments)
        .path("losses")
        .valueStream()
        .map(loss -> loss.asDouble())
        .toList();
  }

  private Map<String, Object> batch(int[] indices) {
    List<Example> rows = Arrays.stream(indices).mapToObj(train.examples()::get).toList();
    return Map.of(
        "rows", rows.stream().map(Example::prompt).toList(),
        "answers", rows.stream().map(row -> row.label().getAsInt()).toList());
  }
}
