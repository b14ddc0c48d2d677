package dev.preamble.training;

import static dev.preamble.training.TrainingListener.SILENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.peft.Adapter;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Question classification on TREC (Li and Roth 2002), whose terms do not let it be bundled: the
 * environment variable PREAMBLE_SHARED names a folder with {@code data/trec.train.jsonl} and {@code
 * data/trec.test.jsonl}.
 *
 * <p>PEFT is known to reach 61 % of the 500 test questions in this setting, the base model 30.2 %
 * (with a loss over the six label words only; here it is over the whole vocabulary). That a run
 * follows PEFT's step by step is {@link Law4LossFollowsPeftTest}'s to show; here the saved adapter
 * answers the questions in real PEFT, too.
 */
class TrecIsLearnedAsInPeftTest {
  private static final double PEFT_ACCURACY = 0.61;
  private static final double BASE_ACCURACY = 0.302;
  private static final int ROWS = 1024;

  /** One question of 500 may fall to either of two words that score alike. */
  private static final double TIES = 0.002;

  private static final TrainingConfig CONFIG =
      new TrainingConfig(
          new PromptTuningConfig(
              16,
              new Initialisation.Text("Tell if this is a good or a bad thing. Say what it was:")),
          2,
          16,
          OptimizerConfig.defaults(),
          1,
          2);

  @TempDir Path folder;

  @Test
  void accuracyOfBaseTunedAndReloadedPromptIsPefts() {
    Path data = data();
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories15M"));
        Evaluator evaluator = new Evaluator(model, 2)) {
      DataReader reader = new DataReader(model.tokenizer(), options(), OptionalInt.empty());
      Dataset all = reader.read(data.resolve("trec.train.jsonl"));
      Dataset train = new Dataset("trec", all.examples().subList(0, ROWS), all.labels(), List.of());
      Dataset test = reader.read(data.resolve("trec.test.jsonl"));
      assertEquals(500, test.examples().size());

      double base = evaluator.score(test).accuracy().orElseThrow();
      long began = System.nanoTime();
      Adapter adapter = new Trainer(model, CONFIG).train(train, Optional.empty(), SILENT);
      double seconds = (System.nanoTime() - began) / 1e9;
      double tuned = evaluator.score(adapter, test).accuracy().orElseThrow();
      Path saved = folder.resolve("tuned");
      adapter.save(saved);
      double baseInPeft = accuracyInPeft(model, test, Optional.empty());
      double tunedInPeft = accuracyInPeft(model, test, Optional.of(saved));
      System.out.printf(
          "[TREC] base %.1f %% (in PEFT %.1f %%), tuned in %.1f s to %.1f %% (in PEFT %.1f %%)%n",
          100 * base, 100 * baseInPeft, seconds, 100 * tuned, 100 * tunedInPeft);
      assertEquals(BASE_ACCURACY, base, 0.01, "the base model");
      assertEquals(baseInPeft, base, TIES, "the base model in PEFT");
      assertTrue(tuned >= PEFT_ACCURACY - 0.02, () -> "tuned: " + tuned);
      assertEquals(tunedInPeft, tuned, TIES, "the saved adapter in PEFT");
    }
  }

  private static double accuracyInPeft(FrozenModel model, Dataset data, Optional<Path> adapter) {
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("model", model.folder().toString());
    arguments.put("rows", data.examples().stream().map(Example::prompt).toList());
    arguments.put("label_token_ids", data.labels().orElseThrow().tokens());
    arguments.put("answers", data.examples().stream().map(row -> row.label().getAsInt()).toList());
    adapter.ifPresent(path -> arguments.put("adapter", path.toString()));
    arguments.put("threads", CONFIG.threads());
    return Oracle.shared().call("accuracy", arguments).path("accuracy").asDouble();
  }

  private static DataOptions options() {
    Map<String, String> words = new LinkedHashMap<>();
    words.put("abbreviation", "short");
    words.put("description", "what");
    words.put("entity", "thing");
    words.put("human", "person");
    words.put("location", "place");
    words.put("number", "number");
    return new DataOptions("", new Template("{text} It is a"), words, 91, 0);
  }

  private static Path data() {
    String shared = System.getenv("PREAMBLE_SHARED");
    if (shared != null && Files.isReadable(Path.of(shared, "data", "trec.train.jsonl"))) {
      return Path.of(shared, "data");
    }
    String reason = "PREAMBLE_SHARED names no folder with data/trec.train.jsonl";
    if ("true".equals(System.getenv("CI"))) {
      return fail("CI asks for the TREC accuracy, but " + reason);
    }
    System.err.println("SKIPPED, TREC not trained and not compared with PEFT: " + reason);
    Assumptions.abort(reason);
    return fail(reason);
  }
}
