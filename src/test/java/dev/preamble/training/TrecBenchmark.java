package dev.preamble.training;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.WholeFile;
import dev.preamble.bench.Machine;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * TREC over several seeds: PEFT's known settings (1,024 rows, 2 epochs, the loss over the six label
 * words), the loss over the vocabulary, and that with twice the epochs, which does best; real PEFT
 * trained on the same batches for the first seeds. Run it as a main class on the test class path
 * with the arguments OUT [SEEDS [SEEDS_IN_PEFT [THREADS]]]; PREAMBLE_SHARED names the data.
 */
final class TrecBenchmark {
  private static final int ROWS = 1024;
  private static final int EPOCHS = 2;

  private record Setting(Objective objective, int epochs) {}

  private static final List<Setting> SETTINGS =
      List.of(
          new Setting(Objective.LABELS, EPOCHS),
          new Setting(Objective.VOCABULARY, EPOCHS),
          new Setting(Objective.VOCABULARY, 2 * EPOCHS));

  private TrecBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    int seeds = argument(arguments, 1, 5);
    int inPeft = argument(arguments, 2, 1);
    int threads = argument(arguments, 3, 2);
    ObjectNode report = Machine.describe();
    report.put("threads", threads).put("rows", ROWS);
    try (FrozenModel model = FrozenModel.open(Trec.MODEL);
        Evaluator evaluator = new Evaluator(model, threads)) {
      Trec task = Trec.read(model, Trec.data(), ROWS);
      report.put("base_accuracy", evaluator.score(task.test()).accuracy().orElseThrow());
      ArrayNode settings = report.putArray("settings");
      for (Setting setting : SETTINGS) {
        ObjectNode found = settings.addObject();
        found.put("loss_over", name(setting.objective())).put("epochs", setting.epochs());
        ArrayNode accuracies = found.putArray("accuracies");
        for (int seed = 1; seed <= seeds; seed++) {
          TrainingConfig config = Trec.config(setting.objective(), setting.epochs(), seed, threads);
          Adapter adapter =
              new Trainer(model, config)
                  .train(task.train(), Optional.empty(), TrainingListener.SILENT);
          accuracies.add(evaluator.score(adapter, task.test()).accuracy().orElseThrow());
          System.out.printf("%s, seed %d: %s%n", setting, seed, accuracies);
        }
        found.put("mean", mean(accuracies));
      }
      ArrayNode peft = report.putArray("accuracies_of_peft_loss_over_labels");
      for (int seed = 1; seed <= inPeft; seed++) {
        Path folder = Files.createTempDirectory("trec");
        TrainingConfig config = Trec.config(Objective.LABELS, EPOCHS, seed, threads);
        List<Double> losses = task.trainInPeft(model, config, Integer.MAX_VALUE, folder);
        Adapter adapter = Adapter.open(folder.resolve("peft"));
        peft.add(evaluator.score(adapter, task.test()).accuracy().orElseThrow());
        System.out.printf("PEFT, seed %d: %s, last loss %.3f%n", seed, peft, losses.getLast());
      }
    }
    WholeFile.write(
        Path.of(arguments[0]), (report.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    System.exit(0);
  }

  private static int argument(String[] arguments, int index, int otherwise) {
    return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
  }

  private static double mean(ArrayNode values) {
    return values.valueStream().mapToDouble(each -> each.asDouble()).average().orElseThrow();
  }

  private static String name(Objective objective) {
    return objective.name().toLowerCase(Locale.ROOT);
  }
}
