package dev.preamble.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Compares training steps with PEFT's in all settings and writes what it found as JSON. Run it as a
 * main class on the test class path with the arguments MODEL OUT [THREADS [ROUNDS]].
 */
final class TrainingStepBenchmark {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TrainingStepBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    Path out = Path.of(arguments[1]);
    int threads = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 2;
    int rounds = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 5;
    ObjectNode report = machine(threads);
    ArrayNode settings = report.putArray("settings");
    try (FrozenModel model = FrozenModel.open(Path.of(arguments[0]))) {
      report.put("model", model.manifest().baseModel().name());
      for (StepSetting setting : StepSetting.ALL) {
        TrainingStepTimes times = TrainingStepTimes.measure(model, setting, threads, rounds);
        System.out.println(times);
        ObjectNode row = settings.addObject();
        row.set("setting", JSON.valueToTree(setting));
        row.put("preamble_best_seconds", TrainingStepTimes.best(times.preamble()));
        row.put("preamble_median_seconds", TrainingStepTimes.median(times.preamble()));
        row.put("peft_best_seconds", TrainingStepTimes.best(times.peft()));
        row.put("peft_median_seconds", TrainingStepTimes.median(times.peft()));
        row.put("ratio_of_best", times.ratioOfBest());
        row.put("ratio_of_medians", times.ratioOfMedians());
      }
    }
    Files.writeString(out, report.toPrettyString() + "\n");
    System.exit(0);
  }

  /** What the numbers hold for. */
  private static ObjectNode machine(int threads) throws IOException {
    JsonNode oracle = Oracle.shared().call("hello", Map.of("threads", threads));
    ObjectNode machine = JSON.createObjectNode();
    machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    machine.put("cpu", cpu());
    machine.put("cpus", Runtime.getRuntime().availableProcessors());
    machine.put("java", Runtime.version().toString());
    machine.put("threads", threads);
    machine.set("peft_versions", oracle.path("versions"));
    machine.put("peft_blas_fast_path", oracle.path("blas_fast_path").asBoolean());
    return machine;
  }

  private static String cpu() throws IOException {
    Path info = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(info)) {
      return "unknown";
    }
    try (var lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    }
  }
}
