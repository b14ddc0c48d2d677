package dev.preamble.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.PythonEnvironment;
import dev.preamble.training.Example;
import dev.preamble.training.MeasuredTraining;
import dev.preamble.training.method.PromptTuningConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The memory that training takes, in a process of its own: as a main class with the arguments MODEL
 * SETTING it takes a few steps and prints what {@code preamble_oracle.timing} prints in Python.
 * Linux counts it, pages of mapped weights included.
 *
 * @param base bytes that the process holds before it opens the model
 * @param peak the most that it ever held
 */
record StepMemory(long base, long peak) {
  private static final int STEPS = 5;
  private static final int THREADS = 2;
  private static final Pattern LAUNCHED =
      Pattern.compile("\\btrain \\|[^\"]+jvm=\"\\$jvm ([^\"]+)\"");

  public static void main(String[] arguments) throws IOException {
    StepSetting setting = StepSetting.named(arguments[1]);
    long base = held("VmRSS");
    try (FrozenModel model = FrozenModel.open(Path.of(arguments[0]))) {
      Random random = new Random(1);
      List<Example> batch = setting.batch(random, model.manifest().vocabularySize());
      try (MeasuredTraining training =
          new MeasuredTraining(
              model, PromptTuningConfig.defaults(setting.virtualTokens()), batch, THREADS)) {
        for (int step = 0; step < STEPS; step++) {
          training.step(setting.batch(random, model.manifest().vocabularySize()));
        }
      }
    }
    System.out.printf(
        Locale.ROOT, "{\"base_bytes\": %d, \"peak_bytes\": %d}%n", base, held("VmHWM"));
  }

  private static long held(String field) throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      String line = lines.filter(each -> each.startsWith(field + ":")).findFirst().orElseThrow();
      return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    }
  }

  /** Ours, on {@code model}. */
  static StepMemory ofPreamble(Path model, StepSetting setting) throws IOException {
    try (Program program = Program.make(StepMemory.class)) {
      run(new ProcessBuilder(program.rehearsal()), Path.of("."), model, setting.name());
      List<String> command = program.command(launched());
      return run(new ProcessBuilder(command), Path.of("."), model, setting.name());
    }
  }

  /** The options that the launcher starts the JVM with for what trains. */
  private static List<String> launched() throws IOException {
    Matcher options = LAUNCHED.matcher(Files.readString(Path.of("preamble")));
    if (!options.find()) {
      throw new AssertionError("the launcher has options for train, after " + LAUNCHED);
    }
    return List.of(options.group(1).split(" "));
  }

  /** That of PEFT in float32. */
  static StepMemory ofPeft(Path model, StepSetting setting) throws IOException {
    List<String> sizes = new ArrayList<>();
    sizes.add(Integer.toString(setting.virtualTokens()));
    sizes.add(Integer.toString(setting.labels()));
    setting.lengths().forEach(length -> sizes.add(Integer.toString(length)));
    return run(
        PythonEnvironment.process(
            List.of(PythonEnvironment.python().toString(), "-m", "preamble_oracle.timing")),
        Path.of("export-scripts"),
        model,
        sizes.toArray(String[]::new));
  }

  private static StepMemory run(
      ProcessBuilder program, Path folder, Path model, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(program.command());
    all.add(model.toAbsolutePath().toString());
    all.addAll(List.of(arguments));
    Process process =
        program
            .command(all)
            .directory(folder.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    JsonNode answer = new ObjectMapper().readTree(process.getInputStream().readAllBytes());
    return new StepMemory(
        answer.required("base_bytes").asLong(), answer.required("peak_bytes").asLong());
  }

  /** What training took. */
  long taken() {
    return peak - base;
  }
}
