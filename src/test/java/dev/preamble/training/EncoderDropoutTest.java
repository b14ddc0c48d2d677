package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.method.LearningMethod;
import dev.preamble.training.method.PTuningConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dropout between the layers of P-tuning's LSTM. */
class EncoderDropoutTest {
  private static final FrozenModel MODEL = FrozenModel.open(Path.of("test-fixtures/stories260K"));
  private static final int TOKENS = 5;
  private static final int HIDDEN = 12;
  private static final int LAYERS = 3;
  private static final double DROPOUT = 0.3;

  @TempDir Path folder;

  @AfterAll
  static void close() {
    MODEL.close();
  }

  private static PTuningConfig config(double dropout) {
    return new PTuningConfig(
        TOKENS, PTuningConfig.Encoder.LSTM, OptionalInt.of(HIDDEN), LAYERS, dropout);
  }

  /** PyTorch's own masks, given to our graph. */
  @Test
  void lossAndGradientArePeftsWithTheSameMasks() {
    LearningMethod method = config(DROPOUT).method(MODEL);
    Parameters start = method.initial(Optional.empty(), new Random(2));
    List<Example> row = List.of(PeftRows.random(MODEL, new Random(3), 9, 3));
    Path given = save(start, folder.resolve("parameters.safetensors"));
    Path out = folder.resolve("gradients.safetensors");
    Map<String, Object> fields =
        Map.of(
            "peft_type", "P_TUNING",
            "num_virtual_tokens", TOKENS,
            "encoder_reparameterization_type", "LSTM",
            "encoder_hidden_size", HIDDEN,
            "encoder_num_layers", LAYERS,
            "encoder_dropout", DROPOUT);
    double loss =
        Oracle.shared()
            .call(
                "dropout_gradient",
                Map.of(
                    "model",
                    MODEL.folder(),
                    "config",
                    fields,
                    "parameters",
                    given,
                    "rows",
                    PeftRows.of(row),
                    "out",
                    out,
                    "seed",
                    4))
            .path("loss")
            .asDouble();
    double worst = 0;
    try (GradientStep step = new GradientStep(MODEL, method, 1);
        SafetensorsFile expected = SafetensorsFile.open(out)) {
      GradientStep.Result found = step.run(start, masks(method, expected), row);
      assertEquals(loss, found.loss(), 1e-5 * loss);
      for (Parameter each : found.gradient().all()) {
        float[] theirs = expected.tensor(each.name()).toFloats();
        double error = PeftRows.distance(each.values(), theirs);
        assertTrue(error <= 1e-4, each.name() + " is off by " + error);
        worst = Math.max(worst, error);
      }
      assertNotEquals(loss, step.run(start, row).loss(), 1e-5 * loss, "without dropout");
    }
    System.out.printf("[law 3] p-tuning-lstm3 with dropout %.1e%n", worst);
  }

  private static Parameters masks(LearningMethod method, SafetensorsFile drawn) {
    List<Parameter> ones = method.noise(Optional.empty()).all();
    assertEquals(LAYERS - 1, ones.size());
    List<Parameter> masks = new ArrayList<>();
    for (int layer = 0; layer < ones.size(); layer++) {
      masks.add(ones.get(layer).with(drawn.tensor("masks." + layer).toFloats()));
    }
    return new Parameters(masks);
  }

  private static Path save(Parameters parameters, Path file) {
    List<TensorView> tensors = new ArrayList<>();
    for (Parameter each : parameters.all()) {
      long[] shape = each.shape().stream().mapToLong(Integer::longValue).toArray();
      tensors.add(TensorView.of(each.name(), each.values(), shape));
    }
    SafetensorsWriter.write(file, tensors, Map.of());
    return file;
  }

  @Test
  void asManyStatesAreDroppedAsAskedAndNoneInUse() {
    PTuningConfig large =
        new PTuningConfig(200, PTuningConfig.Encoder.LSTM, OptionalInt.of(HIDDEN), LAYERS, DROPOUT);
    LearningMethod method = large.method(MODEL);
    for (Parameter mask : method.noise(Optional.of(new Random(1))).all()) {
      int dropped = 0;
      for (float value : mask.values()) {
        assertTrue(value == 0 || value == (float) (1 / (1 - DROPOUT)), "value " + value);
        dropped += value == 0 ? 1 : 0;
      }
      assertEquals(DROPOUT, (double) dropped / mask.values().length, 0.03);
    }
    for (Parameter mask : method.noise(Optional.empty()).all()) {
      for (float value : mask.values()) {
        assertEquals(1, value);
      }
    }
    assertTrue(config(0).method(MODEL).noise(Optional.of(new Random(1))).all().isEmpty());
    Parameters start = config(DROPOUT).method(MODEL).initial(Optional.empty(), new Random(2));
    assertArrayEquals(
        config(0).method(MODEL).adapter(start).tensors().getFirst().toFloats(),
        config(DROPOUT).method(MODEL).adapter(start).tensors().getFirst().toFloats(),
        "the adapter is what the encoder gives in use");
  }

  @Test
  void aResumedRunDropsTheSameStates() {
    Dataset data =
        new Dataset(
            "random rows",
            IntStream.range(0, 12)
                .mapToObj(i -> PeftRows.random(MODEL, new Random(i), 6, 1))
                .toList(),
            Optional.empty(),
            List.of());
    Path file = folder.resolve("checkpoint.safetensors");
    List<Float> whole = losses(data, DROPOUT, Optional.empty(), state -> state.write(file));
    List<Float> resumed = losses(data, DROPOUT, Optional.of(file), state -> {});
    assertEquals(4, whole.size());
    assertEquals(whole.subList(2, 4), resumed);
    assertNotEquals(whole, losses(data, 0, Optional.empty(), state -> {}));
  }

  /** Losses of two epochs, each of two steps of two batches; a state is kept after the first. */
  private static List<Float> losses(
      Dataset data, double dropout, Optional<Path> checkpoint, Consumer<Checkpoint> save) {
    TrainingConfig config =
        new TrainingConfig(
            config(dropout),
            2,
            new Batching(3, 0, 2),
            Objective.VOCABULARY,
            OptimizerConfig.defaults(),
            EvaluationPlan.defaults(),
            7,
            1);
    Losses losses = new Losses();
    new Trainer(MODEL, config)
        .train(
            data,
            Optional.empty(),
            losses,
            new TrainingControl(
                like -> checkpoint.map(file -> Checkpoint.read(file, like)), save, 0, () -> false));
    return losses.values();
  }
}
