package dev.preamble.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.WholeFile;
import dev.preamble.cli.QuickstartJob;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.training.TrainingJob;
import dev.preamble.training.TrainingJob.Epoch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Seconds that whole jobs take here and in PEFT float32, from an opened model to the best accuracy,
 * one after the other on the same machine, and keeps what it found in {@code
 * src/test/benchmarks/TrainingJobBenchmark.json}, where it replaces what was found of the same
 * jobs. On a machine with nothing else to do: {@code mvn test -Dtest=TrainingJobBenchmark
 * -Dpreamble.jobs=intents,trec}; {@code -Dpreamble.threads} (2) and {@code -Dpreamble.epochs} (4
 * and 2) change how. PREAMBLE_SHARED names TREC's data.
 */
class TrainingJobBenchmark {
  private static final Path OUT = Path.of("src/test/benchmarks/TrainingJobBenchmark.json");
  private static final Path MODEL = Path.of("test-fixtures/stories15M");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @Test
  @EnabledIfSystemProperty(named = "preamble.jobs", matches = ".+")
  void run() throws IOException {
    int threads = Integer.getInteger("preamble.threads", 2);
    JsonNode oracle = Oracle.shared().call("hello", Map.of("threads", threads));
    ObjectNode report =
        Files.exists(OUT) ? (ObjectNode) JSON.readTree(OUT.toFile()) : JSON.createObjectNode();
    report.set("machine", Machine.describe());
    report.put("threads", threads).put("model", MODEL.getFileName().toString());
    report.set("peft", TrainingStepBenchmark.peft(oracle));
    try (FrozenModel model = FrozenModel.open(MODEL)) {
      for (String name : System.getProperty("preamble.jobs").split(",")) {
        TrainingJob job =
            switch (name) {
              case "intents" -> QuickstartJob.of(model, epochs(4), threads);
              case "trec" -> TrainingJob.trec(model, epochs(2), threads);
              default -> throw new IllegalArgumentException("no job is called " + name);
            };
        List<Epoch> ours = job.inPreamble(folder.resolve(name));
        List<Epoch> theirs = job.inPeft(Files.createDirectory(folder.resolve(name + "-peft")));
        ObjectNode found = report.withObject("/jobs").putObject(name);
        put(found, job);
        put(found.putObject("preamble"), ours);
        put(found.putObject("peft_float32"), theirs);
        found.put("peft_seconds_to_best_over_ours", best(theirs).seconds() / best(ours).seconds());
        found.put(
            "peft_training_seconds_over_ours",
            theirs.getLast().trainingSeconds() / ours.getLast().trainingSeconds());
        System.out.printf("[bench] job %s: %s%n", name, found);
        WholeFile.write(OUT, (report.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private static int epochs(int otherwise) {
    return Integer.getInteger("preamble.epochs", otherwise);
  }

  private static void put(ObjectNode found, TrainingJob job) {
    found
        .put("rows", job.train().examples().size())
        .put("test_rows", job.test().examples().size())
        .put("virtual_tokens", job.config().method().virtualTokens())
        .put("epochs", job.config().epochs())
        .put("batch_rows", job.config().batching().rows())
        .put("learning_rate", job.config().optimizer().learningRate());
  }

  private static void put(ObjectNode side, List<Epoch> epochs) {
    ArrayNode each = side.putArray("after_each_epoch");
    for (Epoch epoch : epochs) {
      each.addObject()
          .put("loss", epoch.loss())
          .put("accuracy", epoch.accuracy())
          .put("seconds", epoch.seconds())
          .put("training_seconds", epoch.trainingSeconds());
    }
    side.put("best_accuracy", best(epochs).accuracy());
    side.put("seconds_to_best", best(epochs).seconds());
  }

  /** The epoch with the best accuracy, of several the first. */
  private static Epoch best(List<Epoch> epochs) {
    return epochs.stream().max(Comparator.comparingDouble(Epoch::accuracy)).orElseThrow();
  }
}
