package dev.preamble.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.GenerationTimes;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.oracle.SizedModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Measures the engine against a bare loop over the runtime and against PEFT's generate, in turns,
 * and writes what it found as JSON. Run it as a main class on the test class path with the
 * arguments OUT THREADS MODEL..., the models named as {@link SizedModels} names them.
 */
final class GenerationBenchmark {
  private GenerationBenchmark() {}

  public static void main(String[] arguments) throws Exception {
    int threads = Integer.parseInt(arguments[1]);
    ObjectNode report = Machine.describe().put("threads", threads);
    report.set("peft", Oracle.shared().call("hello", Map.of("threads", threads)));
    ArrayNode models = report.putArray("models");
    for (int i = 2; i < arguments.length; i++) {
      Path path = SizedModels.named(arguments[i]);
      try (FrozenModel model = FrozenModel.open(path)) {
        ObjectNode found = new GenerationTimes(model, threads).measure();
        System.out.println(found.toPrettyString());
        models.add(found);
      }
      Files.writeString(Path.of(arguments[0]), report.toPrettyString() + "\n");
    }
    System.exit(0);
  }
}
