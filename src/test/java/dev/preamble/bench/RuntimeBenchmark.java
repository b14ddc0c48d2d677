package dev.preamble.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.runtime.DecodeStep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Measures decode steps against the bare runtime and opening against Python, and writes what it
 * found as JSON. Run it as a main class on the test class path with the arguments OUT [THREADS].
 */
final class RuntimeBenchmark {
  private RuntimeBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
    ObjectNode report = Machine.describe().put("threads", threads);
    ObjectNode steps = report.putObject("decode_step");
    for (String model : new String[] {"stories260K", "stories15M"}) {
      try (DecodeStep step = new DecodeStep(Path.of("test-fixtures", model), threads)) {
        step.measure(200, 10);
        DecodeStep.Times times = step.measure(300, 10);
        steps
            .putObject(model)
            .put("bare_seconds", times.bare())
            .put("binding_seconds", times.binding())
            .put("ratio", times.ratio())
            .put("garbage_bytes_in_10_steps", times.garbage());
      }
    }
    ObjectNode opening = report.putObject("stories15M_to_first_logits");
    OpeningTimes.measure(Path.of("test-fixtures/stories15M"), 5)
        .forEach(
            (name, time) ->
                opening
                    .putObject(name)
                    .put("opening_seconds", time.opening())
                    .put("process_seconds", time.whole()));
    Files.writeString(Path.of(arguments[0]), report.toPrettyString() + "\n");
    System.out.println(report.toPrettyString());
    System.exit(0);
  }
}
