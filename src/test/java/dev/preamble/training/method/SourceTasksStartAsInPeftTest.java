package dev.preamble.training.method;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.MultitaskPromptTuning;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.training.Initialisation;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.TrainingException;
import dev.preamble.training.method.MultitaskPromptTuningConfig.Factors;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Multitask prompts that start from what another one learned, beside real PEFT's. */
class SourceTasksStartAsInPeftTest {
  private static final FrozenModel MODEL = FrozenModel.open(Path.of("test-fixtures/stories260K"));
  private static final int TOKENS = 4;
  private static final int TASKS = 3;
  private static final int RANKS = 2;

  @TempDir Path folder;

  private Adapter source;

  @AfterAll
  static void close() {
    MODEL.close();
  }

  @BeforeEach
  void learnSomewhereElse() {
    Random random = new Random(11);
    int hidden = MODEL.manifest().hiddenSize();
    MultitaskPromptTuning.of(
            MODEL.baseModel(),
            TOKENS,
            TASKS,
            RANKS,
            Draws.normal(random, TOKENS * hidden, 1),
            Draws.normal(random, TASKS * TOKENS * RANKS, 1),
            Draws.normal(random, TASKS * RANKS * hidden, 1))
        .save(folder.resolve("source"));
    source = Adapter.open(folder.resolve("source"));
  }

  private static Parameters start(Adapter from, int task, int tasks, int ranks, Factors factors) {
    return new MultitaskPromptTuningConfig(
            TOKENS, tasks, ranks, new Initialisation.Learned(from, task), factors)
        .method(MODEL)
        .initial(Optional.empty(), new Random(1));
  }

  @Test
  void theMeanOfTheSourcesTasks() {
    assertStartsAsInPeft(Factors.AVERAGE, "AVERAGE_SOURCE_TASKS", 0);
  }

  @Test
  void oneOfTheSourcesTasks() {
    assertStartsAsInPeft(Factors.SOURCE, "EXACT_SOURCE_TASK", 2);
  }

  private void assertStartsAsInPeft(Factors factors, String init, int task) {
    Path out = folder.resolve("start.safetensors");
    Map<String, Object> config =
        Map.of(
            "peft_type", "MULTITASK_PROMPT_TUNING",
            "num_virtual_tokens", TOKENS,
            "num_tasks", 1,
            "num_ranks", RANKS,
            "prompt_tuning_init", init,
            "prompt_tuning_init_task", task,
            "prompt_tuning_init_state_dict_path",
                folder.resolve("source/adapter_model.safetensors").toString());
    Oracle.shared()
        .call(
            "method_start",
            Map.of("model", MODEL.folder().toString(), "config", config, "out", out.toString()));
    Parameters ours = start(source, task, 1, RANKS, factors);
    try (SafetensorsFile theirs = SafetensorsFile.open(out)) {
      assertEquals(ours.all().size(), theirs.tensors().size());
      for (Parameter each : ours.all()) {
        float[] expected = theirs.find(each.name()).orElseThrow().toFloats();
        assertArrayEquals(expected, each.values(), 1e-6f, each.name());
      }
    }
  }

  @Test
  void everyTaskStartsAlikeAndTheSavedAdapterNamesNoSource() {
    MultitaskPromptTuningConfig config =
        new MultitaskPromptTuningConfig(
            TOKENS, 2, RANKS, new Initialisation.Learned(source, 0), Factors.AVERAGE);
    LearningMethod method = config.method(MODEL);
    Adapter started = method.adapter(method.initial(Optional.empty(), new Random(1)));
    var shape = MODEL.baseModel().shape();
    assertEquals(started.entry(shape, 0).count(), TOKENS);
    float[] rows = start(source, 0, 2, RANKS, Factors.AVERAGE).values("prefix_task_rows");
    int half = rows.length / 2;
    assertArrayEquals(Arrays.copyOf(rows, half), Arrays.copyOfRange(rows, half, rows.length));
    assertTrue(started.warnings().isEmpty(), () -> started.warnings().toString());
  }

  @Test
  void whatGivesNoFactorsIsRefused() {
    assertFault(
        "--init adapter",
        () ->
            new MultitaskPromptTuningConfig(
                TOKENS, 1, 1, new Initialisation.SampledVocabulary(), Factors.AVERAGE));
    assertFault("--ranks", () -> start(source, 0, 1, 1, Factors.AVERAGE));
    assertFault("--init-task", () -> start(source, TASKS, 1, RANKS, Factors.SOURCE));
    LearningMethod rows = PromptTuningConfig.defaults(TOKENS).method(MODEL);
    Adapter plain = rows.adapter(rows.initial(Optional.empty(), new Random(1)));
    assertFault("expected a multitask prompt", () -> start(plain, 0, 1, 1, Factors.AVERAGE));
  }

  private static void assertFault(String part, Runnable doing) {
    String message = assertThrows(TrainingException.class, doing::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
