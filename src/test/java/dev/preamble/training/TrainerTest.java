package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.Tensor;
import dev.preamble.training.method.LearningMethod;
import dev.preamble.training.method.PromptLabels;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How rows become steps, when a run ends and what is kept of it. */
class TrainerTest {
  private static final FrozenModel MODEL = FrozenModel.open(Path.of("test-fixtures/stories260K"));

  @AfterAll
  static void close() {
    MODEL.close();
  }

  private static Dataset rows(int count) {
    return rows(count, 5);
  }

  private static Dataset rows(int count, long seed) {
    Random random = new Random(seed);
    List<Example> examples =
        random
            .ints(count, 1, 30)
            .mapToObj(n -> PeftRows.random(MODEL, random, n, 1 + random.nextInt(3)))
            .toList();
    return new Dataset("random rows", examples, Optional.empty(), List.of());
  }

  private static TrainingConfig config(Batching batching, EvaluationPlan plan, double rate) {
    return new TrainingConfig(
        PromptTuningConfig.defaults(4),
        4,
        batching,
        Objective.VOCABULARY,
        OptimizerConfig.defaults().withLearningRate(rate),
        plan,
        1,
        2);
  }

  /** The losses of a run, and the rows that it ends with. */
  private record Run(List<Float> losses, float[] rows) {}

  private static Run run(Batching batching) {
    Losses losses = new Losses();
    float[] rows =
        new Trainer(MODEL, config(batching, EvaluationPlan.defaults(), 0.05))
            .train(rows(48), Optional.empty(), losses)
            .tensors()
            .getFirst()
            .toFloats();
    return new Run(losses.values(), rows);
  }

  @Test
  void accumulatedBatchesLearnAsOneBatchOfAllTheirRows() {
    Run whole = run(Batching.of(16));
    Run parts = run(new Batching(4, 0, 4));
    assertEquals(whole.losses().size(), parts.losses().size());
    for (int i = 0; i < whole.losses().size(); i++) {
      assertEquals(whole.losses().get(i), parts.losses().get(i), 1e-3);
    }
    assertArrayEquals(whole.rows(), parts.rows(), 2e-2f);
  }

  @Test
  void everyEpochHasEveryRowOnceInAnOrderOfItsOwnWithinTheBudget() {
    Dataset data = rows(48);
    BatchPlan plan = new BatchPlan(data, new Batching(10, 60, 2), 3, 9);
    List<List<Integer>> orders = new ArrayList<>();
    for (int epoch = 0; epoch < 3; epoch++) {
      List<Integer> order = new ArrayList<>();
      for (List<int[]> step : plan.epoch(epoch)) {
        assertTrue(step.size() <= 2);
        for (int[] batch : step) {
          int tokens = Arrays.stream(batch).map(data::length).sum();
          assertTrue(batch.length <= 10 && tokens <= 60, batch.length + " rows, " + tokens);
          Arrays.stream(batch).forEach(order::add);
        }
      }
      assertEquals(48, order.size());
      assertEquals(48, new HashSet<>(order).size());
      orders.add(order);
      assertEquals(plan.stepsBefore(epoch) + plan.epoch(epoch).size(), plan.stepsBefore(epoch + 1));
    }
    assertEquals(3, Set.copyOf(orders).size(), "orders differ");
    assertEquals(plan.stepsBefore(3), plan.steps());
    assertEquals(
        orders.getFirst().size(),
        new BatchPlan(data, Batching.of(48), 1, 9).epoch(0).getFirst().getFirst().length);
    TrainingException fault =
        assertThrows(
            TrainingException.class, () -> new BatchPlan(data, new Batching(10, 20, 1), 1, 0));
    assertTrue(fault.getMessage().contains("--batch-tokens"), fault.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"3, 11", "100, 107"})
  void noBatchHasMoreLabelsThanItsPlanSays(int rows, int expected) {
    List<Example> examples =
        IntStream.range(0, 35)
            .mapToObj(
                row -> new Example(new int[] {5, 6}, new int[1 + row % 3], OptionalInt.empty()))
            .toList();
    Dataset data = new Dataset("rows", examples, Optional.empty(), List.of());
    PromptLabels ofPrompt = new PromptLabels(new int[] {1, 2}, new int[] {7, 8}, new float[2]);
    BatchPlan plan = new BatchPlan(data, Batching.of(rows), 1, 0);
    assertEquals(expected, plan.mostLabels(ofPrompt));
    try (PackedBatch packed = new PackedBatch(MODEL.embeddings())) {
      Front front = new Front(PackedEntry.Kind.ROWS, 4, ofPrompt);
      for (List<int[]> step : plan.epoch(0)) {
        List<Example> batch = Arrays.stream(step.getFirst()).mapToObj(examples::get).toList();
        Tensor labels = packed.pack(batch, front, 1).get(PackedGraph.LABELS);
        assertTrue(labels.shape()[0] <= expected, () -> labels.shape()[0] + " labels");
      }
    }
  }

  @Test
  void aRunThatGetsNoBetterEndsEarlyAndItsBestStateIsKept() {
    Dataset data = rows(48);
    Dataset others = rows(48, 6);
    TrainingConfig config = config(Batching.of(4), new EvaluationPlan(2, 3, Criterion.EXACT), 0.5);
    try (Evaluator evaluator = new Evaluator(MODEL, 2)) {
      List<Evaluator.Scores> scores = new ArrayList<>();
      Trainer.Outcome outcome =
          new Trainer(MODEL, config)
              .train(
                  data,
                  Optional.of(new Trainer.Evaluation(evaluator, others)),
                  new TrainingListener() {
                    @Override
                    public void epoch(Epoch epoch) {
                      epoch.scores().ifPresent(scores::add);
                    }

                    @Override
                    public void scored(Scored scored) {
                      scores.add(scored.scores());
                    }
                  },
                  TrainingControl.NONE);
      List<Double> exact = scores.stream().map(Evaluator.Scores::exact).toList();
      int at = exact.indexOf(exact.stream().max(Double::compare).orElseThrow());
      assertEquals(2 * at, outcome.bestStep(), "exact rows " + exact);
      assertEquals(exact.size() - 1 - 3, at, "three evaluations without a better one");
      assertEquals(2 * (exact.size() - 1), outcome.steps());
      assertTrue(outcome.steps() < outcome.planned());
      assertEquals(scores.get(at), outcome.scores().orElseThrow());
      double again = evaluator.score(outcome.adapter(), others).loss();
      assertEquals(scores.get(at).loss(), again, 1e-6);
      assertTrue(Math.abs(scores.getLast().loss() - again) > 1e-3, "the last state is another");
    }
  }

  @Test
  void aLossThatIsNoNumberEndsTheRunAndTheLastCheckpointIsKept(@TempDir Path folder) {
    TrainingConfig config = config(Batching.of(8), EvaluationPlan.defaults(), 1e39);
    RunControl control = new RunControl(1, RunControl.Start.NEW, () -> false, Optional.empty());
    TrainingRun run =
        new TrainingRun(
            MODEL, config, rows(48), Optional.empty(), Optional.empty(), folder, control);
    TrainingException fault =
        assertThrows(TrainingException.class, () -> run.run(TrainingListener.SILENT));
    assertTrue(fault.getMessage().contains("expected a finite loss"), fault.getMessage());
    assertTrue(fault.getMessage().contains("--resume"), fault.getMessage());
    assertTrue(Files.exists(folder.resolve("checkpoint.safetensors")));
  }

  @Test
  void outOfMemoryIsToldWithTheBatchAndTheLastCheckpointIsKept() {
    Dataset data = rows(48);
    TrainingConfig config = config(Batching.of(8), EvaluationPlan.defaults(), 0.05);
    LearningMethod method = config.method().method(MODEL);
    List<Integer> saved = new ArrayList<>();
    TrainingControl control =
        new TrainingControl(
            like -> Optional.empty(), state -> saved.add(state.step()), 1, () -> false);
    TrainingLoop loop =
        new TrainingLoop(
            method,
            config,
            new BatchPlan(data, config.batching(), config.epochs(), config.seed()),
            data,
            Optional.empty(),
            TrainingListener.SILENT,
            control);
    try (GradientStep step = new GradientStep(MODEL, method, 1)) {
      TrainingException fault =
          assertThrows(
              TrainingException.class,
              () ->
                  loop.run(
                      (parameters, noise, batch) -> {
                        if (saved.size() == 3) {
                          throw new OutOfMemoryError("Java heap space");
                        }
                        return step.run(parameters, batch);
                      },
                      Optional.empty()));
      assertTrue(fault.getMessage().startsWith("step 4: out of memory with a batch of 8 rows"));
      assertTrue(fault.getMessage().contains("--accumulate"), fault.getMessage());
      assertEquals(List.of(1, 2, 3), saved);
    }
  }

  @Test
  void aLossOverLabelsNeedsLabels() {
    TrainingConfig config =
        new TrainingConfig(
            PromptTuningConfig.defaults(4),
            1,
            Batching.of(4),
            Objective.LABELS,
            OptimizerConfig.defaults(),
            EvaluationPlan.defaults(),
            0,
            1);
    assertThrows(
        TrainingException.class,
        () -> new Trainer(MODEL, config).train(rows(8), Optional.empty(), TrainingListener.SILENT));
  }
}
