package dev.preamble.training.method;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.TextTokenizer;
import dev.preamble.training.Example;
import dev.preamble.training.GradientStep;
import dev.preamble.training.Initialisation;
import dev.preamble.training.OptimizerConfig;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.PromptOptimizer;
import dev.preamble.training.Template;
import dev.preamble.training.TemplateTokens;
import dev.preamble.training.TrainingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every method promises besides the laws, and what settings are refused. */
class LearningMethodsTest {
  private static final FrozenModel MODEL = FrozenModel.open(Path.of("test-fixtures/stories260K"));

  static List<PeftMethod> methods() {
    return PeftMethod.all();
  }

  @AfterAll
  static void close() {
    MODEL.close();
  }

  @ParameterizedTest
  @MethodSource("methods")
  void theSameSeedGivesTheSameBitsAndWhatIsFrozenStays(PeftMethod method) {
    LearningMethod learning = method.config().method(MODEL);
    assertEquals(method.config().virtualTokens(), learning.virtualTokens());
    Parameters start = learning.initial(Optional.empty(), new Random(1));
    Parameters first = trained(learning);
    Parameters second = trained(learning);
    assertEquals(start.names(), first.names());
    for (Parameter each : start.all()) {
      assertArrayEquals(first.values(each.name()), second.values(each.name()), each.name());
      assertEquals(
          each.trainable(),
          !Arrays.equals(each.values(), first.values(each.name())),
          each.name() + " is moved if it is trainable");
    }
    assertEquals(
        learning.adapter(first).digest(), learning.adapter(second).digest(), "the adapter");
    assertEquals(learning.virtualTokens(), learning.adapter(first).virtualTokens());
    assertEquals(learning.tasks(), learning.adapter(first).tasks());
  }

  /**
   * Rows of two tasks in one batch are the mean of both alone, and a task's factors are its own.
   */
  @Test
  void aTasksRowsDoNotMoveAnothersFactors() {
    LearningMethod learning = MultitaskPromptTuningConfig.defaults(4, 2).method(MODEL);
    Parameters start = learning.initial(Optional.empty(), new Random(1));
    try (GradientStep step = new GradientStep(MODEL, learning, 1)) {
      float[] rows = step.run(start, List.of(row(1))).gradient().values("prefix_task_rows");
      int half = rows.length / 2;
      assertTrue(IntStream.range(0, half).allMatch(i -> rows[i] == 0), "task 0 is not touched");
      assertFalse(IntStream.range(half, rows.length).allMatch(i -> rows[i] == 0));
      double zero = step.run(start, List.of(row(0))).loss();
      double one = step.run(start, List.of(row(1))).loss();
      assertEquals((zero + one) / 2, step.run(start, List.of(row(0), row(1))).loss(), 1e-5);
      assertFault("--tasks 3", () -> step.run(start, List.of(row(2))));
    }
  }

  /**
   * A move beyond its bound is scaled back to it, one within is left, a label's row never moves.
   */
  @Test
  void aContextsRowsStayWithinTheirBounds() {
    CptConfig config = new CptConfig(List.of(3, 4, 5), List.of(1, 2, 4), Optional.empty(), 1, 0.25);
    LearningMethod learning = config.method(MODEL);
    Parameters parameters = learning.initial(Optional.empty(), new Random(1));
    float[] delta = parameters.values("delta_embedding.weight");
    int hidden = MODEL.manifest().hiddenSize();
    double unit = Math.sqrt(hidden / 2048.0);
    delta[1] = (float) (0.5 * unit);
    delta[hidden] = (float) (0.5 * unit);
    delta[2 * hidden] = 1;
    learning.constrain(parameters);
    assertEquals(0.25 * unit, delta[1], 1e-6, "a template's bound");
    assertEquals(0.5 * unit, delta[hidden], 1e-6, "within an input's bound");
    assertEquals(0, delta[2 * hidden], "a label's row");
  }

  @Test
  void whatTheTemplatePutsAroundATextIsOfTheTemplate() {
    Template template = new Template("I ask: {text} It was");
    TextTokenizer tokenizer = MODEL.tokenizer();
    int begins = tokenizer.encode("I ask:", true).length;
    int ends = tokenizer.encode("so It was", false).length - tokenizer.encode("so", false).length;
    int[] asked = tokenizer.encode(template.fill("where is my dog"), true);
    Example labelled = new Example(asked, new int[] {7}, OptionalInt.of(0));
    Example plain = new Example(asked, new int[] {7}, OptionalInt.empty());
    CptConfig context =
        CptConfig.peftDefaults(List.of(labelled, plain), TemplateTokens.of(template, tokenizer));
    List<Integer> expected = new ArrayList<>();
    for (int i = 0; i < asked.length; i++) {
      expected.add(i < begins ? 1 : i < asked.length - ends ? 2 : 3);
    }
    expected.add(4);
    assertEquals(expected, context.types().subList(0, asked.length + 1));
    assertEquals(
        Collections.nCopies(asked.length, 6),
        context.types().subList(asked.length + 1, 2 * asked.length + 1),
        "a row without label was put into no template");
    assertEquals(8, context.types().getLast());
  }

  @Test
  void settingsThatCannotWorkAreRefused() {
    PTuningConfig.Encoder lstm = PTuningConfig.Encoder.LSTM;
    assertFault("below 1", () -> new PTuningConfig(4, lstm, OptionalInt.empty(), 2, 1));
    assertFault("two layers", () -> new PTuningConfig(4, lstm, OptionalInt.empty(), 1, 0.1));
    assertFault("virtual tokens: expected 1", () -> PTuningConfig.defaults(0));
    assertFault("ranks: expected 1", () -> multitask(1, 0));
    assertFault("tasks: expected 1", () -> multitask(0, 1));
    assertFault(
        "frozen tokens: expected 0 to 3",
        () -> new CartridgeConfig(4, 4, new Initialisation.Random()));
    assertFault(
        "behind a projection",
        () -> new PrefixTuningConfig(4, true, OptionalInt.empty(), new Initialisation.Text("a")));
    assertFault(
        "give --projection",
        () -> new PrefixTuningConfig(4, false, OptionalInt.of(8), new Initialisation.Random()));
    assertFault("a multiple of 4", () -> context(List.of(1, 2), List.of(1, 2), 1));
    assertFault("a type for each", () -> context(List.of(1, 2), List.of(4), 1));
    assertFault("bounds above 0", () -> context(List.of(1), List.of(4), 0));
  }

  private static MethodConfig multitask(int tasks, int ranks) {
    return new MultitaskPromptTuningConfig(
        4, tasks, ranks, new Initialisation.Random(), MultitaskPromptTuningConfig.Factors.ONES);
  }

  private static MethodConfig context(List<Integer> tokens, List<Integer> types, double epsilon) {
    return new CptConfig(tokens, types, Optional.empty(), epsilon, 1);
  }

  private static Parameters trained(LearningMethod learning) {
    Parameters parameters = learning.initial(Optional.empty(), new Random(1));
    List<Example> batch = IntStream.range(0, 3).mapToObj(i -> row(i % learning.tasks())).toList();
    try (GradientStep step = new GradientStep(MODEL, learning, 2)) {
      PromptOptimizer optimizer =
          new PromptOptimizer(OptimizerConfig.defaults().withLearningRate(0.01), parameters, 5);
      Collections.nCopies(5, batch)
          .forEach(each -> optimizer.step(parameters, step.run(parameters, each), each.size()));
    }
    return parameters;
  }

  private static Example row(int task) {
    Random random = new Random(10 + task);
    int vocabulary = MODEL.manifest().vocabularySize();
    return new Example(
        random.ints(6, 0, vocabulary).toArray(),
        random.ints(2, 0, vocabulary).toArray(),
        new BitSet(),
        OptionalInt.empty(),
        task);
  }

  private static void assertFault(String part, Runnable doing) {
    String message = assertThrows(TrainingException.class, doing::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
