package dev.preamble;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.bench.Machine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs JMH benchmarks of single calls and writes what they measured, with the machine, to {@code
 * src/test/benchmarks/<name>.json}: {@code mvn test -Dtest=Benchmarks
 * -Dpreamble.benchmark=AdapterOpenBenchmark}.
 */
class Benchmarks {
  @Test
  @EnabledIfSystemProperty(named = "preamble.benchmark", matches = "\\w+")
  void run() throws Exception {
    String name = System.getProperty("preamble.benchmark");
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report.set("machine", Machine.describe());
    var results = report.putArray("results");
    var options =
        new OptionsBuilder()
            .include("\\." + name + "\\.")
            .jvmArgsAppend("--enable-native-access=ALL-UNNAMED")
            .build();
    for (RunResult result : new Runner(options).run()) {
      ObjectNode entry = results.addObject();
      entry.put("benchmark", result.getPrimaryResult().getLabel());
      result
          .getParams()
          .getParamsKeys()
          .forEach(key -> entry.put(key, result.getParams().getParam(key)));
      entry.put("mean", result.getPrimaryResult().getScore());
      entry.put("least", result.getPrimaryResult().getStatistics().getMin());
      entry.put("median", result.getPrimaryResult().getStatistics().getPercentile(50));
      entry.put("unit", result.getPrimaryResult().getScoreUnit());
    }
    WholeFile.write(
        Path.of("src/test/benchmarks", name + ".json"),
        (new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report) + "\n")
            .getBytes(StandardCharsets.UTF_8));
  }
}
