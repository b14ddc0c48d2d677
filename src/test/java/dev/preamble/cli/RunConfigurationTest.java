package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.peft.Adapter;
import dev.preamble.training.method.PTuningConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Configuration files, every method by its name, and a run that is told to end and taken up. */
@Timeout(300)
class RunConfigurationTest {
  private static final String MODEL = "test-fixtures/stories260K";

  @TempDir private Path folder;

  private Path data;
  private Path tasks;

  @BeforeEach
  void writeRows() throws IOException {
    StringBuilder lines = new StringBuilder("question,answer\n");
    StringBuilder withTasks = new StringBuilder("question,answer,task\n");
    for (int i = 0; i < 40; i++) {
      String row = "\"Lily saw, then, %d dogs\",\" and %d cats\"".formatted(i, i % 7);
      lines.append(row).append('\n');
      withTasks.append(row).append(",%d%n".formatted(i % 2));
    }
    data = Files.writeString(folder.resolve("rows.csv"), lines.toString());
    tasks = Files.writeString(folder.resolve("tasks.csv"), withTasks.toString());
  }

  @Test
  void theFileOfARunGivesTheSameRunAgainAndFlagsWinOverIt() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("run.yaml"),
            """
            model: %s
            data: %s
            columns: {prompt: question, completion: answer}
            epochs: 3
            threads: 1
            virtual-tokens: 5
            optimizer: adafactor
            lr: 0.3
            seed: 11
            out: %s
            """
                .formatted(MODEL, data, folder.resolve("first")));
    Run first = Run.of("train", "--config", config, "--epochs", 2, "--batch-size", 8, "--json");
    assertEquals(0, first.code(), first.err());
    assertEquals(10, first.json().get("steps").asInt(), "the flag's 2 epochs of 5 steps");
    assertEquals(5, Adapter.open(folder.resolve("first")).virtualTokens());

    Path saved = folder.resolve("first/preamble_run.yaml");
    assertTrue(Files.readString(saved).contains("epochs: 2\n"), Files.readString(saved));
    Run second = Run.of("train", "--config", saved, "--out", folder.resolve("second"), "--json");
    assertEquals(0, second.code(), second.err());
    assertEquals(first.json().get("digest"), second.json().get("digest"));
    assertEquals(
        Files.readString(folder.resolve("first/metrics.jsonl")),
        Files.readString(folder.resolve("second/metrics.jsonl")));
  }

  @Test
  void theFileOfARunSaysWhatTheMethodDecidedToo() throws IOException {
    Path out = train("p-tuning", "--virtual-tokens", 2);
    assertEquals(
        List.of("encoder: MLP", "encoder-hidden: 64", "encoder-layers: 2", "encoder-dropout: 0"),
        lines(out, "encoder"),
        "those of the method");
    assertEquals(List.of(), lines(out, "frozen-tokens"), "and no other's");
    assertEquals(List.of(), lines(out, "init"), "and no other's");
    assertEquals(List.of("lr: " + PTuningConfig.defaults(2).learningRate()), lines(out, "lr"));
    assertEquals(List.of("best-by: loss"), lines(out, "best-by"));
    Path projected = train("prefix-tuning", "--virtual-tokens", 2, "--projection");
    assertEquals(List.of("init: random"), lines(projected, "init"));
    assertEquals(List.of("encoder-hidden: 32"), lines(projected, "encoder-hidden"));
    Path context = train("cpt", "--context-rows", 1, "--epsilon", "0.5");
    assertEquals(List.of("format-epsilon: 0.5"), lines(context, "format-epsilon"));
    assertEquals(List.of("epsilon: 1.0"), lines(train("cpt", "--context-rows", 1), "epsilon"));
    assertEquals(List.of("init: vocabulary"), lines(train("prompt-tuning"), "init"));
    Path told = train("cartridge", "--virtual-tokens", 2, "--init-text", "Lily had a dog.");
    assertEquals(List.of("init: text", "init-text: Lily had a dog."), lines(told, "init"));
    Path learned = train("prefix-tuning", "--virtual-tokens", 2, "--init-adapter", told);
    assertEquals(List.of("init: adapter"), lines(learned, "init:"));
    data = tasks;
    assertEquals(
        List.of("factors: ones"),
        lines(train("multitask-prompt-tuning", "--tasks", 2, "--lr", "1e-2"), "factors"));
  }

  @Test
  void theFileOfEachMethodsRunGivesTheSameRunAgain() throws IOException {
    assertRepeated(train("p-tuning", "--virtual-tokens", 2));
    assertRepeated(train("prefix-tuning", "--virtual-tokens", 2, "--hard-prompt", "1e3:\n# yes"));
    assertRepeated(train("prefix-tuning", "--virtual-tokens", 2, "--projection"));
    assertRepeated(train("cartridge", "--virtual-tokens", 2, "--init-text", "007"));
    assertRepeated(train("cpt", "--context-rows", 2));
    data = tasks;
    assertRepeated(train("multitask-prompt-tuning", "--virtual-tokens", 2, "--tasks", 2));
  }

  private void assertRepeated(Path out) throws IOException {
    Path again = folder.resolve("again" + trained++);
    Path config = out.resolve("preamble_run.yaml");
    Run run = Run.of("train", "--config", config, "--out", again, "--quiet");
    assertEquals(0, run.code(), run.err());
    assertEquals(Adapter.open(out).digest(), Adapter.open(again).digest());
    assertEquals(
        Files.readString(config).replace(out.toString(), again.toString()),
        Files.readString(again.resolve("preamble_run.yaml")));
  }

  @Test
  void aValueIsTheTextThatStandsInTheFile() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("texts.yaml"),
            """
            init-text: 007
            hard-prompt: 1_000
            labels: {no: 1e-8, yes: +1}
            lr: 1e-2
            columns: [text=010, label=0x1F]
            template: "1.50"
            eval: null
            """);
    Settings read = Settings.ofFile(Setting.all(), config);
    assertEquals("007", read.required("init-text"));
    assertEquals("1_000", read.required("hard-prompt"));
    assertEquals("no=1e-8,yes=+1", read.required("labels"));
    assertEquals("text=010,label=0x1F", read.required("columns"));
    assertEquals("1.50", read.required("template"));
    assertEquals(0.01, read.requiredNumber("lr"));
    assertTrue(read.text("eval").isEmpty());
    Files.writeString(config, read.yaml());
    assertEquals(List.of(), read.differing(Settings.ofFile(Setting.all(), config)));
    for (String text :
        List.of("null", "~", "", " a ", "yes", "#", "a: b\nc", "- x", "'", "\"", "…\t")) {
      Files.writeString(config, read.with("hard-prompt", text).yaml());
      assertEquals(text, Settings.ofFile(Setting.all(), config).required("hard-prompt"));
    }
  }

  /** The lines of a run's settings that start with {@code key}. */
  private static List<String> lines(Path out, String key) throws IOException {
    return Files.readAllLines(out.resolve("preamble_run.yaml")).stream()
        .filter(line -> line.startsWith(key))
        .toList();
  }

  @Test
  void whatAFileCannotSayIsRefusedByName() throws IOException {
    assertRefused("epoch: 3", "unknown setting epoch");
    assertRefused("epochs: 3\nepochs: 4", "Duplicate");
    assertRefused("epochs: lots", "--epochs: expected a whole number, found \"lots\"");
    assertRefused("- a", "one 'key: value' a line");
    assertRefused("a: [", "no YAML");
    assertRefused("epochs: 3\n---\nepochs: 4", "expected one document");
    assertRefused("", "one 'key: value' a line");
    assertRefused("projection: 7", "--projection: expected true or false");
  }

  private void assertRefused(String yaml, String part) throws IOException {
    Path config = Files.writeString(folder.resolve("bad.yaml"), yaml + "\n");
    Path out = folder.resolve("refused");
    Run outcome =
        Run.of(
            "train",
            "--config",
            config,
            "--model",
            MODEL,
            "--data",
            data,
            "--out",
            out,
            "--columns",
            "prompt=question,completion=answer",
            "--method",
            "prefix-tuning");
    assertEquals(2, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains(part), outcome.err());
    assertEquals(1, outcome.err().strip().lines().count(), outcome.err());
    assertFalse(Files.exists(out));
  }

  @Test
  void everyMethodIsTrainedAndScoredByItsName() throws IOException {
    train("p-tuning", "--virtual-tokens", 3, "--encoder", "LSTM", "--encoder-layers", 1);
    train("prefix-tuning", "--virtual-tokens", 3);
    train("prefix-tuning", "--virtual-tokens", 3, "--projection", "--encoder-hidden", 8);
    train("cartridge", "--virtual-tokens", 4, "--init-text", "Lily had a dog and a cat.");
    train(
        "p-tuning",
        "--virtual-tokens",
        3,
        "--encoder",
        "LSTM",
        "--encoder-hidden",
        8,
        "--encoder-dropout",
        0.2);
    Path context = train("cpt", "--context-rows", 2, "--loss-decay", 0.9, "--format-epsilon", 0.3);
    String saved = Files.readString(context.resolve("adapter_config.json"));
    assertTrue(saved.contains("\"opt_projection_format_epsilon\": 0.3"), saved);
    assertTrue(saved.contains("\"opt_projection_epsilon\": 1.0"), saved);
    Path plain = train("prompt-tuning", "--virtual-tokens", 3, "--init", "random");
    train("prefix-tuning", "--virtual-tokens", 3, "--init-adapter", plain);
    data = tasks;
    Path multitask =
        train("multitask-prompt-tuning", "--virtual-tokens", 3, "--tasks", 2, "--ranks", 1);
    train(
        "multitask-prompt-tuning",
        "--virtual-tokens",
        3,
        "--tasks",
        2,
        "--init-adapter",
        multitask,
        "--factors",
        "average");
    double loss = evaluated("--adapter", multitask);
    double first = evaluated("--adapter", multitask, "--task-id", 0);
    double second = evaluated("--adapter", multitask, "--task-id", 1);
    assertTrue(first != second && loss != first, "the tasks have prompts of their own");
  }

  private int trained;

  private Path train(String method, Object... more) throws IOException {
    Path out = folder.resolve("trained" + trained++);
    Object[] base = {
      "train",
      "--model",
      MODEL,
      "--data",
      data,
      "--eval",
      data,
      "--threads",
      1,
      "--json",
      "--columns",
      "prompt=question,completion=answer",
      "--epochs",
      1,
      "--out",
      out,
      "--method",
      method
    };
    Run outcome = Run.of(joined(base, more));
    assertEquals(0, outcome.code(), method + ": " + outcome.err());
    double tuned = outcome.json().at("/scores/tuned_prompt/loss").asDouble();
    assertEquals(tuned, evaluated("--adapter", out), 1e-5 * tuned, method);
    return out;
  }

  private double evaluated(Object... more) throws IOException {
    Object[] base = {
      "evaluate",
      "--model",
      MODEL,
      "--data",
      data,
      "--threads",
      1,
      "--json",
      "--columns",
      "prompt=question,completion=answer"
    };
    Run outcome = Run.of(joined(base, more));
    assertEquals(0, outcome.code(), outcome.err());
    return outcome.json().at("/scores/adapter/loss").asDouble();
  }

  private static Object[] joined(Object[] first, Object[] second) {
    Object[] all = java.util.Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  @Test
  void peftsDefaultsAreTaken() throws IOException {
    Path out = folder.resolve("peft");
    Run outcome =
        Run.of(
            "train",
            "--model",
            MODEL,
            "--data",
            data,
            "--out",
            out,
            "--peft-defaults",
            "--json",
            "--columns",
            "prompt=question,completion=answer",
            "--threads",
            1);
    assertEquals(0, outcome.code(), outcome.err());
    String saved = Files.readString(out.resolve("preamble_run.yaml"));
    assertTrue(saved.contains("init: random\n") && saved.contains("schedule: linear\n"), saved);
    assertEquals(3 * 5, outcome.json().get("steps").asInt(), "3 epochs of batches of 8");
  }

  @Test
  void peftsDefaultsSayNothingThatTheMethodHasNoUseFor() throws IOException {
    train("p-tuning", "--virtual-tokens", 2, "--peft-defaults");
    data = tasks;
    Path out = train("multitask-prompt-tuning", "--tasks", 2, "--peft-defaults");
    String saved = Files.readString(out.resolve("preamble_run.yaml"));
    assertTrue(saved.contains("factors: normal\n"), saved);
  }

  @Test
  void aRunThatIsToldToEndSavesItselfAndGoesOnByResume() throws Exception {
    Path out = folder.resolve("ended");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Preamble.class.getName(),
                "train",
                "--model",
                MODEL,
                "--data",
                data.toString(),
                "--columns",
                "prompt=question,completion=answer",
                "--epochs",
                "100000",
                "--threads",
                "1",
                "--out",
                out.toString())
            .start();
    String told = "";
    try (var lines = process.errorReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        told += line + "\n";
        if (line.contains("epoch 2 of")) {
          process.toHandle().destroy();
        }
      }
    } finally {
      process.waitFor(60, TimeUnit.SECONDS);
      process.destroyForcibly();
    }
    assertTrue(told.contains("goes on from there with: preamble train --resume --out"), told);
    assertTrue(process.exitValue() > 128, "ended by the signal: " + process.exitValue());
    assertTrue(Files.exists(out.resolve("checkpoint.safetensors")), told);

    Run changed = Run.of("train", "--resume", "--out", out, "--epochs", 3);
    assertEquals(2, changed.code());
    assertTrue(changed.err().contains("was begun with --epochs 100000"), changed.err());
    Run anew =
        Run.of("train", "--config", out.resolve("preamble_run.yaml"), "--epochs", 1, "--quiet");
    assertTrue(anew.err().contains("--restart"), anew.err());
  }

  @Test
  void aSweepTriesAllValuesKeepsTheBestAndGoesOnWhereItWasStopped() throws IOException {
    Path out = folder.resolve("sweep");
    Object[] sweep = {
      "sweep",
      "--model",
      MODEL,
      "--data",
      data,
      "--eval",
      data,
      "--threads",
      1,
      "--columns",
      "prompt=question,completion=answer",
      "--epochs",
      1,
      "--out",
      out,
      "--lr",
      "0.2,1e-6",
      "--virtual-tokens",
      "2,4"
    };
    Run table = Run.of(joined(sweep, new Object[] {"--quiet"}));
    assertEquals(0, table.code(), table.err());
    assertTrue(table.out().contains("virtual-tokens"), table.out());
    Run again = Run.of(joined(sweep, new Object[] {"--json"}));
    assertEquals(4, again.json().get("trials").size());
    String digest = again.json().get("digest").asText();
    assertEquals(digest, Adapter.open(out).digest());
    assertEquals(digest, again.json().at("/trials/0/digest").asText(), "the best comes first");
    assertEquals("0.2", again.json().at("/trials/0/settings/lr").asText());
    assertFalse(Files.exists(out.resolve(".trial")));
    assertEquals(5, Files.readAllLines(out.resolve("sweep.jsonl")).size());

    Run other = Run.of(joined(sweep, new Object[] {"--seed", 5}));
    assertEquals(2, other.code());
    assertTrue(other.err().contains("found one with others"), other.err());
  }

  @Test
  void aRandomSweepDrawsFromRangesByItsSeed() {
    Settings settings =
        Settings.ofFlags(
            Setting.all(),
            Preamble.commandLine()
                .parseArgs(
                    "sweep",
                    "--lr",
                    "0.001..0.1",
                    "--virtual-tokens",
                    "4..20",
                    "--init",
                    "random,zero")
                .subcommand());
    SweepPlan plan = new SweepPlan(settings);
    var trials = plan.random(20, 3);
    assertEquals(20, trials.size());
    assertEquals(trials, plan.random(20, 3));
    for (var trial : trials) {
      double rate = Double.parseDouble(trial.get("lr"));
      int tokens = Integer.parseInt(trial.get("virtual-tokens"));
      assertTrue(rate >= 0.001 && rate <= 0.1 && tokens >= 4 && tokens <= 20, trial.toString());
    }
    assertTrue(
        trials.stream().filter(each -> Double.parseDouble(each.get("lr")) < 0.01).count() >= 5,
        "even in the logarithm: " + trials);
  }
}
