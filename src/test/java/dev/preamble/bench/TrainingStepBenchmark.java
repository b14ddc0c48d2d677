package dev.preamble.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.WholeFile;
import dev.preamble.bench.TrainingStepTimes.Side;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.oracle.SizedModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Compares training steps with PEFT's in all settings, and the memory that they take in the first,
 * and keeps what it found in {@code src/test/benchmarks/TrainingStepBenchmark.json}, where it
 * replaces what was found of the same models. On a machine with nothing else to do: {@code mvn test
 * -Dtest=TrainingStepBenchmark -Dpreamble.models=stories15M,gpt2-36M,gpt2-124M,llama-100M}. It
 * takes about three minutes a model; {@code -Dpreamble.settings=a,b} measures these alone; {@code
 * -Dpreamble.threads} and {@code -Dpreamble.rounds} (2 and 3) change how.
 */
class TrainingStepBenchmark {
  private static final Path OUT = Path.of("src/test/benchmarks/TrainingStepBenchmark.json");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SQUARE = 2048;

  @Test
  @EnabledIfSystemProperty(named = "preamble.models", matches = ".+")
  void run() throws IOException {
    int threads = Integer.getInteger("preamble.threads", 2);
    int rounds = Integer.getInteger("preamble.rounds", 3);
    ObjectNode report =
        Files.exists(OUT) ? (ObjectNode) JSON.readTree(OUT.toFile()) : JSON.createObjectNode();
    JsonNode oracle = Oracle.shared().call("hello", Map.of("threads", threads));
    report.set("machine", Machine.describe());
    report.put("threads", threads).put("rounds", rounds).set("peft", peft(oracle));
    for (String name : System.getProperty("preamble.models").split(",")) {
      ObjectNode found = report.withObject("/models").withObject("/" + name);
      Path folder = SizedModels.named(name);
      if (settings().contains(StepSetting.A)) {
        found.set("memory_in_a_bytes", memory(folder));
        System.out.printf("%s: %s%n", name, found.path("memory_in_a_bytes"));
        keep(report);
      }
      for (String type : List.of("float32", "bfloat16")) {
        found.put("gflops_of_a_square_product_in_" + type, gflopsOfASquareProduct(type, threads));
      }
      try (FrozenModel model = FrozenModel.open(folder)) {
        for (StepSetting setting : settings()) {
          TrainingStepTimes times =
              TrainingStepTimes.measure(model, setting, sides(setting, oracle), threads, rounds);
          System.out.printf("%s, %s%n", name, times);
          found.set(setting.name(), row(times));
          keep(report);
        }
      }
    }
  }

  /** Those that {@code -Dpreamble.settings} names, else all. */
  private static List<StepSetting> settings() {
    String names = System.getProperty("preamble.settings", "");
    return names.isEmpty()
        ? StepSetting.ALL
        : Arrays.stream(names.split(",")).map(StepSetting::named).toList();
  }

  private static void keep(ObjectNode report) {
    WholeFile.write(OUT, (report.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** What PEFT ran on. */
  static ObjectNode peft(JsonNode oracle) {
    ObjectNode peft = JSON.createObjectNode();
    for (String field :
        List.of("versions", "blas", "blas_fast_path", "stock_wheel_is_fast", "cpu_capability")) {
      peft.set(field, oracle.required(field));
    }
    return peft;
  }

  private static ObjectNode memory(Path model) throws IOException {
    StepMemory ours = StepMemory.ofPreamble(model, StepSetting.A);
    StepMemory theirs = StepMemory.ofPeft(model, StepSetting.A);
    return JSON.createObjectNode()
        .put("preamble", ours.taken())
        .put("peft_float32", theirs.taken())
        .put("preamble_over_peft", (double) ours.taken() / theirs.taken());
  }

  /** What PyTorch's BLAS reaches where a product is large enough to show it. */
  private static double gflopsOfASquareProduct(String type, int threads) {
    Map<String, Object> arguments =
        Map.of("size", SQUARE, "steps", 20, "dtype", type, "threads", threads);
    double best =
        Oracle.shared()
            .call("time_product", arguments)
            .required("seconds")
            .valueStream()
            .mapToDouble(JsonNode::asDouble)
            .min()
            .orElseThrow();
    return 2 * Math.pow(SQUARE, 3) / best / 1e9;
  }

  private static List<Side> sides(StepSetting setting, JsonNode oracle) {
    List<Side> sides = new ArrayList<>(List.of(Side.PREAMBLE, Side.PREAMBLE_STOCK));
    sides.add(setting.isRagged() ? Side.PREAMBLE_PADDED : Side.TORCH_PACKED);
    sides.addAll(List.of(Side.WEIGHT_PRODUCTS, Side.PEFT_FLOAT32, Side.PEFT_BFLOAT16));
    if (!oracle.required("stock_wheel_is_fast").asBoolean()) {
      sides.add(Side.PEFT_FLOAT32_STOCK);
    }
    return sides;
  }

  private static ObjectNode row(TrainingStepTimes times) {
    ObjectNode row = JSON.createObjectNode();
    StepSetting setting = times.setting();
    row.put("rows", setting.rows())
        .put("virtual_tokens", setting.virtualTokens())
        .put("labels_a_row", setting.labels())
        .set("tokens_of_rows", JSON.valueToTree(setting.lengths()));
    times
        .seconds()
        .forEach(
            (side, seconds) -> {
              ObjectNode each = row.putObject(side.name().toLowerCase(Locale.ROOT));
              each.put("steps", seconds.size());
              each.put("best_seconds", Stats.best(seconds));
              each.put("median_seconds", Stats.median(seconds));
              if (side != Side.PREAMBLE) {
                each.put("best_over_ours", times.ratio(side));
                each.put("median_over_ours", times.ratioOfMedians(side));
              }
              if (side == Side.WEIGHT_PRODUCTS) {
                each.put("gflops", times.gflopsOfProducts());
              }
            });
    return row.put("java_share", times.javaShare());
  }
}
