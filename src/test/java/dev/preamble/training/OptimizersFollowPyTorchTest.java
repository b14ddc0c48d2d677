package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.oracle.Oracle;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** AdamW moves as torch's, Adafactor as transformers', over 30 steps of gradients of any size. */
class OptimizersFollowPyTorchTest {
  private static final int STEPS = 30;
  private static final double LARGEST_DEVIATION = 1e-5;

  @TempDir Path folder;

  @Test
  void adamW() {
    follow(Algorithm.ADAMW, Map.of("betas", List.of(0.9, 0.98), "eps", 1e-7), 6, 8);
  }

  @Test
  void adafactorOfMatricesOfVectorsAndOfStacksOfMatrices() {
    follow(Algorithm.ADAFACTOR, Map.of(), 6, 8);
    follow(Algorithm.ADAFACTOR, Map.of(), 40);
    follow(Algorithm.ADAFACTOR, Map.of(), 3, 5, 4);
  }

  private void follow(Algorithm algorithm, Map<String, Object> settings, Integer... shape) {
    OptimizerConfig config =
        new OptimizerConfig(algorithm, 0.1, Schedule.CONSTANT, 0, 0.03, 0.9, 0.98, 1e-7, 0);
    int values = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    Random random = new Random(7);
    float[] start = normal(random, values, 1);
    float[] gradients = new float[STEPS * values];
    double[] rates = new double[STEPS];
    for (int step = 0; step < STEPS; step++) {
      rates[step] = 0.1 * (step + 1) / STEPS;
      float[] gradient = normal(random, values, Math.pow(10, random.nextInt(5) - 3));
      System.arraycopy(gradient, 0, gradients, step * values, values);
    }
    float[] expected = trace(algorithm, settings, start, gradients, rates, shape);

    float[] found = start.clone();
    ParameterOptimizer optimizer =
        algorithm.of(config, Parameters.Parameter.trained("rows", found, shape));
    double worst = 0;
    for (int step = 0; step < STEPS; step++) {
      float[] gradient = Arrays.copyOfRange(gradients, step * values, (step + 1) * values);
      optimizer.step(step + 1, found, gradient, rates[step]);
      for (int i = 0; i < values; i++) {
        worst = Math.max(worst, Math.abs(found[i] - expected[step * values + i]));
      }
    }
    System.out.printf(
        "[parity] %s of shape %s: at most %.2g from PyTorch's over %d steps%n",
        algorithm, Arrays.toString(shape), worst, STEPS);
    double off = worst;
    assertTrue(off <= LARGEST_DEVIATION, () -> algorithm + " is off by " + off);
  }

  private float[] trace(
      Algorithm algorithm,
      Map<String, Object> settings,
      float[] start,
      float[] gradients,
      double[] rates,
      Integer... shape) {
    long[] one = Arrays.stream(shape).mapToLong(Integer::longValue).toArray();
    long[] all =
        IntStream.concat(IntStream.of(STEPS), Arrays.stream(shape).mapToInt(i -> i))
            .asLongStream()
            .toArray();
    Path given = folder.resolve("given.safetensors");
    Path out = folder.resolve("trace.safetensors");
    SafetensorsWriter.write(
        given,
        List.of(TensorView.of("parameter", start, one), TensorView.of("gradients", gradients, all)),
        Map.of());
    Map<String, Object> arguments = new HashMap<>(settings);
    arguments.put("optimizer", algorithm.name().toLowerCase(java.util.Locale.ROOT));
    arguments.put("tensors", given.toString());
    arguments.put("out", out.toString());
    arguments.put("lr", rates);
    arguments.put("weight_decay", 0.03);
    Oracle.shared().call("optimizer_trace", arguments);
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      return file.tensor("trace").toFloats();
    }
  }

  private static float[] normal(Random random, int count, double scale) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }
}
