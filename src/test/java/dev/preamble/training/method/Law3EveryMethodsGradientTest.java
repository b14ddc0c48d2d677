package dev.preamble.training.method;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.oracle.Oracle;
import dev.preamble.oracle.TinyModels;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.training.Example;
import dev.preamble.training.GradientStep;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Law 3 for every method: the gradient of each of its parameters, encoders' included, equals what
 * PyTorch's autograd gives for real PEFT in float64, up to a relative error (Euclidean) of 1e-4,
 * and so does the loss. A row without a prompt is among the rows: its first token is predicted from
 * the last virtual token, and not at all behind a prefix.
 */
class Law3EveryMethodsGradientTest {
  private static final double LARGEST_ERROR = 1e-4;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"llama, stories260K", "gpt2, tiny-gpt2"})
  void ofEveryParameter(String architecture, String name) {
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures", name))) {
      double worst = 0;
      for (PeftMethod method : PeftMethod.all()) {
        double error = error(method, model, new Random(6));
        System.out.printf("[law 3] %s %s %.1e%n", method.name(), architecture, error);
        worst = Math.max(worst, error);
      }
      assertTrue(worst <= LARGEST_ERROR, "worst relative error " + worst);
    }
  }

  /**
   * Keys and values in front obey windows shorter than themselves and the text, and position biases
   * count them.
   */
  @ParameterizedTest
  @ValueSource(strings = {"mistral", "gemma3", "bloom"})
  void ofPrefixesBehindWindowsAndBiases(String name) {
    try (FrozenModel model = FrozenModel.open(TinyModels.exported(name))) {
      for (PeftMethod method : PeftMethod.all()) {
        if (method.config().method(model).kind() == PackedEntry.Kind.PREFIX) {
          double error = error(method, model, new Random(7));
          System.out.printf("[law 3] %s %s %.1e%n", method.name(), name, error);
          assertTrue(error <= LARGEST_ERROR, "relative error " + error);
        }
      }
    }
  }

  private double error(PeftMethod method, FrozenModel model, Random random) {
    List<Example> batch = new ArrayList<>();
    int[][] lengths = {{11, 1}, {3, 4}, {1, 1}, {0, 6}, {24, 2}, {7, 3}};
    for (int i = 0; i < lengths.length; i++) {
      batch.add(row(model, random, lengths[i][0], lengths[i][1], method.task(model, i)));
    }
    Parameters start = method.start(model, random);
    Path parameters = PeftMethod.save(start, folder.resolve("parameters.safetensors"));
    Path out = folder.resolve("gradients.safetensors");
    double loss =
        Oracle.shared()
            .call(
                "method_gradient",
                Map.of(
                    "model", model.folder(),
                    "config", method.fields(),
                    "parameters", parameters,
                    "rows", PeftMethod.rows(batch),
                    "out", out))
            .path("loss")
            .asDouble();
    double worst = 0;
    try (GradientStep step = new GradientStep(model, method.config().method(model), 2);
        SafetensorsFile expected = SafetensorsFile.open(out)) {
      GradientStep.Result found = step.run(start, batch);
      assertEquals(loss, found.loss(), 1e-5 * loss, method.name());
      assertEquals(
          List.copyOf(found.gradient().names()).stream().sorted().toList(),
          expected.names().stream().sorted().toList(),
          method.name());
      for (Parameter each : found.gradient().all()) {
        double error = PeftMethod.distance(each.values(), expected.tensor(each.name()).toFloats());
        assertTrue(
            error <= LARGEST_ERROR, method.name() + ": " + each.name() + " is off by " + error);
        worst = Math.max(worst, error);
      }
    }
    return worst;
  }

  static Example row(FrozenModel model, Random random, int prompt, int completion, int task) {
    int vocabulary = model.manifest().vocabularySize();
    return new Example(
        random.ints(prompt, 0, vocabulary).toArray(),
        random.ints(completion, 0, vocabulary).toArray(),
        new BitSet(),
        OptionalInt.empty(),
        task);
  }
}
