package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterEntry;
import dev.preamble.peft.ModelShape;
import dev.preamble.training.method.LearningMethod;
import dev.preamble.training.method.MethodConfig;
import dev.preamble.training.method.PrefixTuningConfig;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** What prompts start from, as rows and as keys and values. */
class InitialisationTest {
  private static final FrozenModel MODEL = FrozenModel.open(Path.of("test-fixtures/stories260K"));
  private static final LabelWords LABELS =
      new LabelWords(List.of("a", "b"), List.of("x", "y"), List.of(17, 23));

  @AfterAll
  static void close() {
    MODEL.close();
  }

  @Test
  void aTextIsRepeatedOrCutToTheVirtualTokens() {
    int[] tokens = MODEL.tokenizer().encode("Lily asked.", false);
    Initialisation text = new Initialisation.Text("Lily asked.");
    int more = tokens.length + 2;
    int[] repeated = IntStream.range(0, more).map(i -> tokens[i % tokens.length]).toArray();
    assertArrayEquals(MODEL.embeddings().rows(repeated), text.rows(start(more)));
    assertArrayEquals(MODEL.embeddings().rows(tokens[0], tokens[1]), text.rows(start(2)));
    assertFault("at least one token", () -> new Initialisation.Text("").rows(start(2)));
  }

  @Test
  void labelsGiveTheirWords() {
    assertArrayEquals(
        MODEL.embeddings().rows(17, 23, 17), new Initialisation.Labels().rows(start(3)));
    Initialisation.Start without =
        new Initialisation.Start(3, MODEL, Optional.empty(), new Random(1));
    assertFault("data with labels", () -> new Initialisation.Labels().rows(without));
  }

  /**
   * The keys and values of an instruction are what the model has after reading it: texts behind
   * them score as they do behind the instruction itself.
   */
  @Test
  void keysAndValuesOfAnInstructionStandForIt() {
    String instruction = "Lily was a little girl.";
    int[] tokens = MODEL.tokenizer().encode(instruction, true);
    List<Example> rows = new ArrayList<>();
    List<Example> told = new ArrayList<>();
    Random random = new Random(2);
    for (int i = 0; i < 5; i++) {
      Example row = PeftRows.random(MODEL, random, 3 + i, 2);
      rows.add(row);
      told.add(
          new Example(
              IntStream.concat(IntStream.of(tokens), IntStream.of(row.prompt())).toArray(),
              row.completion(),
              OptionalInt.empty()));
    }
    Adapter prefix =
        adapter(
            new PrefixTuningConfig(
                tokens.length, false, OptionalInt.empty(), new Initialisation.Text(instruction)));
    try (Evaluator evaluator = new Evaluator(MODEL, 1)) {
      double expected = evaluator.score(data(told)).loss();
      assertEquals(expected, evaluator.score(prefix, data(rows)).loss(), 1e-5 * expected);
      assertTrue(
          Math.abs(evaluator.score(data(rows)).loss() - expected) > 1e-3,
          "the instruction matters to the rows");
    }
  }

  @Test
  void anotherAdapterStartsItsOwnKindAndRowsStartKeysAndValuesToo() {
    Adapter rows = adapter(PromptTuningConfig.peftDefaults(4));
    Adapter prefix = adapter(PrefixTuningConfig.peftDefaults(4));
    float[] values = ((AdapterEntry.EmbeddingRows) rows.entry(shape())).values();
    float[] states = ((AdapterEntry.KeyValuePrefix) prefix.entry(shape())).values();
    assertArrayEquals(values, new Initialisation.Learned(rows, 0).rows(start(4)));
    assertArrayEquals(states, new Initialisation.Learned(prefix, 0).states(start(4)));
    assertFault(
        "keys and values of 4 positions",
        () -> new Initialisation.Learned(prefix, 0).rows(start(4)));
    assertFault("--virtual-tokens 4", () -> new Initialisation.Learned(rows, 0).rows(start(5)));

    Adapter started =
        adapter(
            new PrefixTuningConfig(
                4, false, OptionalInt.empty(), new Initialisation.Learned(rows, 0)));
    List<Example> examples = List.of(PeftRows.random(MODEL, new Random(3), 7, 3));
    try (Evaluator evaluator = new Evaluator(MODEL, 1)) {
      double expected = evaluator.score(rows, data(examples)).loss();
      assertEquals(expected, evaluator.score(started, data(examples)).loss(), 1e-5 * expected);
    }
  }

  @Test
  void zerosNoiseAndGivenValuesFillTheirKind() {
    int hidden = MODEL.manifest().hiddenSize();
    int width = PromptStates.width(MODEL);
    assertArrayEquals(new float[3 * hidden], new Initialisation.Zero().rows(start(3)));
    assertArrayEquals(new float[3 * width], new Initialisation.Zero().states(start(3)));
    float[] noise = new Initialisation.Random().states(start(50));
    double squares = IntStream.range(0, noise.length).mapToDouble(i -> noise[i] * noise[i]).sum();
    assertEquals(1, squares / noise.length, 0.05, "variance");
    assertArrayEquals(noise, new Initialisation.Given(noise).states(start(50)));
    assertFault("expected", () -> new Initialisation.Given(noise).rows(start(50)));
    assertEquals(3 * width, new Initialisation.SampledVocabulary().states(start(3)).length);
  }

  private static ModelShape shape() {
    return MODEL.baseModel().shape();
  }

  private static Adapter adapter(MethodConfig config) {
    LearningMethod method = config.method(MODEL);
    return method.adapter(method.initial(Optional.of(LABELS), new Random(8)));
  }

  private static Initialisation.Start start(int virtualTokens) {
    return new Initialisation.Start(virtualTokens, MODEL, Optional.of(LABELS), new Random(1));
  }

  private static Dataset data(List<Example> rows) {
    return new Dataset("rows", rows, Optional.empty(), List.of());
  }

  private static void assertFault(String part, Runnable doing) {
    String message = assertThrows(TrainingException.class, doing::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
