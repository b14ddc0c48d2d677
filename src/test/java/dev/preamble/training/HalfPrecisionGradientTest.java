package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphReader;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.oracle.TinyModels;
import dev.preamble.peft.Adapter;
import dev.preamble.runtime.Session;
import dev.preamble.training.method.LearningMethod;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The training graph that computes in float16, as CUDA would run it, against the same weights in
 * float32. The CPU runs it too, by way of inserted casts where it has no kernel; no GPU has.
 */
class HalfPrecisionGradientTest {
  private static final int THREADS = 2;
  private static final int VIRTUAL_TOKENS = 9;

  /** float16 rounds to 5e-4; a gradient passes some dozens of roundings. */
  private static final double LARGEST_ERROR = 2e-2;

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama", "gemma2", "bloom", "phi3"})
  void isWithinRoundingOfFloat32(String name) {
    try (FrozenModel model = open(name)) {
      Random random = new Random(3);
      List<Example> batch = batch(model, random);
      Parameters start = PeftRows.parameters(model, PeftRows.prompt(model, random, VIRTUAL_TOKENS));
      try (GradientStep half = inHalf(model, LossScale.defaults());
          GradientStep full =
              new GradientStep(model, PeftRows.promptTuning(model, VIRTUAL_TOKENS), THREADS)) {
        GradientStep.Result found = half.run(start, batch);
        GradientStep.Result expected = full.run(start, batch);
        double error = PeftRows.distance(PeftRows.gradient(found), PeftRows.gradient(expected));
        System.out.printf("[float16] gradient %s: %.1e of float32's%n", name, error);
        assertTrue(error <= LARGEST_ERROR, () -> "relative error " + error);
        assertTrue(error > 1e-5, "float16 rounds: the graph computed in float32");
        assertEquals(expected.loss(), found.loss(), 1e-2 * expected.loss());
        assertTrue(full.lossScale().isEmpty(), "float32 needs no scale");
      }
    }
  }

  @Test
  void anOverflowHalvesTheScaleAndLosesNoBatch() {
    try (FrozenModel model = open("llama");
        GradientStep calm = inHalf(model, new LossScale(1 << 10, 1000));
        GradientStep wild = inHalf(model, new LossScale(1L << 40, 1000))) {
      Random random = new Random(4);
      List<Example> batch = batch(model, random);
      Parameters start = PeftRows.parameters(model, PeftRows.prompt(model, random, VIRTUAL_TOKENS));
      float[] expected = PeftRows.gradient(calm.run(start, batch));
      assertEquals(0, calm.lossScale().orElseThrow().overflows());
      float[] found = PeftRows.gradient(wild.run(start, batch));
      LossScale scale = wild.lossScale().orElseThrow();
      assertTrue(scale.overflows() > 0, "2^40 overflows float16");
      assertEquals((float) (1L << 40) / (1L << scale.overflows()), scale.factor());
      assertTrue(PeftRows.distance(found, expected) <= LARGEST_ERROR);
      int before = scale.overflows();
      wild.run(start, batch);
      assertEquals(before, scale.overflows(), "the scale that fitted is kept");
    }
  }

  private record Run(List<Float> losses, LossScale.State scale, float[] rows) {}

  @Test
  void aResumedRunContinuesTheSameLossesWithTheSameScale(@TempDir Path folder) {
    try (FrozenModel model = open("llama")) {
      Random random = new Random(5);
      List<Example> rows =
          IntStream.range(0, 12).mapToObj(i -> PeftRows.random(model, random, 7, 1)).toList();
      Dataset data = new Dataset("random rows", rows, Optional.empty(), List.of());
      Path file = folder.resolve("checkpoint.safetensors");
      Run whole = run(model, data, Optional.empty(), file);
      Run resumed = run(model, data, Optional.of(file), folder.resolve("other.safetensors"));

      List<Float> losses = new ArrayList<>(whole.losses().subList(0, 3));
      losses.addAll(resumed.losses());
      assertEquals(whole.losses(), losses);
      assertEquals(whole.scale(), resumed.scale());
      assertTrue(whole.scale().overflows() > 0, "the first scale overflows");
      assertArrayEquals(whole.rows(), resumed.rows());
      System.out.printf(
          "[law 8] float16: resumed after step 3 of %d with the same losses and loss scale %s%n",
          losses.size(), whole.scale());
    }
  }

  /** A run that goes on from {@code start} and keeps its state after its third step. */
  private static Run run(FrozenModel model, Dataset data, Optional<Path> start, Path kept) {
    TrainingConfig config =
        new TrainingConfig(
            PromptTuningConfig.defaults(VIRTUAL_TOKENS),
            3,
            4,
            OptimizerConfig.defaults(),
            7,
            THREADS);
    Losses losses = new Losses();
    TrainingLoop loop =
        new TrainingLoop(
            config.method().method(model),
            config,
            new BatchPlan(data, config.batching(), config.epochs(), config.seed()),
            data,
            Optional.empty(),
            losses,
            new TrainingControl(
                like -> start.map(file -> Checkpoint.read(file, like)),
                state -> {
                  if (state.step() == 3) {
                    state.write(kept);
                  }
                },
                3,
                () -> false));
    try (GradientStep step = inHalf(model, new LossScale(1L << 40, 4))) {
      Adapter adapter = loop.run(step::run, step.lossScale()).adapter();
      return new Run(
          losses.values(),
          step.lossScale().orElseThrow().state(),
          adapter.tensors().getFirst().toFloats());
    }
  }

  private static FrozenModel open(String name) {
    return FrozenModel.open(TinyModels.exported(name, "--dtype", "float16"));
  }

  private static List<Example> batch(FrozenModel model, Random random) {
    return List.of(
        PeftRows.random(model, random, 11, 1),
        PeftRows.random(model, random, 1, 4),
        PeftRows.random(model, random, 0, 6));
  }

  private static GradientStep inHalf(FrozenModel model, LossScale scale) {
    LearningMethod method = PeftRows.promptTuning(model, VIRTUAL_TOKENS);
    Path folder = model.folder();
    Graph exported = GraphReader.read(folder.resolve(model.manifest().graph()));
    Session session =
        Session.open(
            GraphWriter.write(PackedGraph.training(exported, method)),
            GradientStep.sessionOptions(THREADS).withWeightFolder(folder));
    return new GradientStep(model, method, session, scale);
  }
}
