package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.training.method.PromptTuningConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Law 8, as far as training goes: a crash loses no step before the last checkpoint, and the run
 * goes on with the same losses, bit for bit, to the same adapter. The crash is a process that is
 * killed while it trains.
 */
@Timeout(300)
class Law8AResumedRunContinuesTheSameLossesTest {
  private static final Path MODEL = Path.of("test-fixtures/stories260K");
  private static final Set<String> FINISHED =
      Set.of(
          "README.md",
          "adapter_config.json",
          "adapter_model.safetensors",
          "loss.png",
          "loss.svg",
          "metrics.jsonl",
          "preamble_run.yaml");

  private static final String ALONE = "another run is writing to it";

  @TempDir Path folder;

  private Path data;

  @BeforeEach
  void writeRows() throws IOException {
    Random random = new Random(3);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      lines.append(
          "{\"prompt\":\"%sLily saw %d dogs\",\"completion\":\" and %d cats\"}%n"
              .formatted("so ".repeat(random.nextInt(6)), i, random.nextInt(9)));
    }
    data = Files.writeString(folder.resolve("rows.jsonl"), lines.toString());
  }

  /** What the killed process does: trains up to a step, and stands there until it is killed. */
  static final class Run {
    private static final int LAST = 20;

    public static void main(String[] arguments) {
      try (FrozenModel model = FrozenModel.open(MODEL)) {
        train(
            model,
            Path.of(arguments[0]),
            Path.of(arguments[1]),
            new RunControl(3, RunControl.Start.NEW, () -> false, Optional.of("seed: 4\n")),
            new TrainingListener() {
              @Override
              public void step(Step step) {
                System.out.println(step.number());
                try {
                  Thread.sleep(step.number() < LAST ? 20 : Long.MAX_VALUE);
                } catch (InterruptedException interrupted) {
                  throw new IllegalStateException(interrupted);
                }
              }
            });
      }
    }
  }

  private static TrainingRun.Report train(
      FrozenModel model, Path data, Path out, RunControl control, TrainingListener listener) {
    TrainingConfig config =
        new TrainingConfig(
            PromptTuningConfig.defaults(4),
            3,
            new Batching(4, 120, 2),
            Objective.VOCABULARY,
            OptimizerConfig.defaults(),
            new EvaluationPlan(4, 0, Criterion.LOSS),
            4,
            1);
    try (Dataset rows = DataReader.of(model, DataOptions.plain(64)).read(data);
        Dataset scored = DataReader.of(model, DataOptions.plain(64)).read(data)) {
      return new TrainingRun(
              model, config, rows, Optional.of(scored), Optional.empty(), out, control)
          .run(listener);
    }
  }

  @Test
  void afterKillMinusNine() throws Exception {
    Path whole = folder.resolve("whole");
    Path killed = folder.resolve("killed");
    try (FrozenModel model = FrozenModel.open(MODEL)) {
      RunControl control =
          new RunControl(3, RunControl.Start.NEW, () -> false, Optional.of("seed: 4\n"));
      TrainingRun.Report uninterrupted =
          train(model, data, whole, control, TrainingListener.SILENT);

      RunControl resumed =
          new RunControl(3, RunControl.Start.RESUMED, () -> false, Optional.of("seed: 4\n"));
      int seen = killAfter(13, killed, () -> assertRefused(model, killed, resumed, ALONE));
      assertTrue(Files.exists(killed.resolve("checkpoint.safetensors")), "a checkpoint is left");
      assertFalse(Files.exists(killed.resolve("adapter_model.safetensors")), "no adapter yet");
      assertRefused(model, killed, control, "--resume");

      int[] first = new int[1];
      TrainingRun.Report report =
          train(
              model,
              data,
              killed,
              resumed,
              new TrainingListener() {
                @Override
                public void step(Step step) {
                  first[0] = first[0] == 0 ? step.number() : first[0];
                }
              });
      assertTrue(first[0] > 1 && first[0] <= seen + 1, "went on with step " + first[0]);
      List<String> expected = Files.readAllLines(whole.resolve("metrics.jsonl"));
      assertEquals(expected, Files.readAllLines(killed.resolve("metrics.jsonl")));
      assertEquals(uninterrupted.adapter().digest(), report.adapter().digest());
      assertEquals(report.adapter().digest(), Adapter.open(killed).digest());
      assertEquals(uninterrupted.outcome().bestStep(), report.outcome().bestStep());
      System.out.printf(
          "[law 8] killed at step %d, resumed at %d of %d: all %d lines of metrics and the adapter's bits the same%n",
          seen, first[0], report.outcome().planned(), expected.size());
      assertEquals(FINISHED, names(killed));
      assertRefused(model, killed, resumed, "no checkpoint.safetensors");
    }
  }

  @Test
  void andNoTwoRunsWriteToOneFolder() {
    try (FrozenModel model = FrozenModel.open(MODEL)) {
      Path out = folder.resolve("both");
      RunControl alone = RunControl.defaults();
      TrainingRun.Report report =
          train(
              model,
              data,
              out,
              alone,
              new TrainingListener() {
                @Override
                public void step(Step step) {
                  if (step.number() == 2) {
                    assertRefused(model, out, alone, ALONE);
                  }
                }
              });
      assertEquals(report.adapter().digest(), Adapter.open(out).digest());
      train(model, data, out, alone, TrainingListener.SILENT);
    }
  }

  @Test
  void afterBeingToldToStopAndNotWithOtherData() throws Exception {
    Path whole = folder.resolve("whole");
    Path stopped = folder.resolve("stopped");
    try (FrozenModel model = FrozenModel.open(MODEL)) {
      train(model, data, whole, RunControl.defaults(), TrainingListener.SILENT);
      int[] steps = new int[1];
      RunControl stops =
          new RunControl(0, RunControl.Start.NEW, () -> ++steps[0] == 7, Optional.empty());
      TrainingStoppedException fault =
          assertThrows(
              TrainingStoppedException.class,
              () -> train(model, data, stopped, stops, TrainingListener.SILENT));
      assertTrue(fault.getMessage().contains("after step 7 of"), fault.getMessage());
      assertTrue(fault.getMessage().contains("--resume --out"), fault.getMessage());

      RunControl resumed =
          new RunControl(0, RunControl.Start.RESUMED, () -> false, Optional.empty());
      String rows = Files.readString(data);
      Files.writeString(data, rows.replace("cats", "kids"));
      assertRefused(model, stopped, resumed, "another data");
      Files.writeString(data, rows);
      train(model, data, stopped, resumed, TrainingListener.SILENT);
      assertEquals(
          Files.readString(whole.resolve("metrics.jsonl")),
          Files.readString(stopped.resolve("metrics.jsonl")));
    }
  }

  private void assertRefused(FrozenModel model, Path out, RunControl control, String part) {
    TrainingException fault =
        assertThrows(
            TrainingException.class,
            () -> train(model, data, out, control, TrainingListener.SILENT));
    assertTrue(fault.getMessage().contains(part), fault.getMessage());
  }

  /** The last step that the process told of before it was killed. */
  private int killAfter(int steps, Path out, Runnable before) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Run.class.getName(),
                data.toString(),
                out.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int seen = 0;
    try (var lines = process.inputReader()) {
      while (seen < steps) {
        String line = lines.readLine();
        assertTrue(line != null, "the process ended by itself after step " + seen);
        seen = line.matches("[0-9]+") ? Integer.parseInt(line) : seen;
      }
      before.run();
      process.toHandle().destroyForcibly();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        seen = line.matches("[0-9]+") ? Integer.parseInt(line) : seen;
      }
    } finally {
      process.destroyForcibly().waitFor(60, TimeUnit.SECONDS);
    }
    return seen;
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(path -> path.getFileName().toString())
          .filter(name -> !name.matches("\\..*\\.[0-9a-f]{8}\\.tmp"))
          .collect(Collectors.toSet());
    }
  }
}
