package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.method.PromptTuningConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The same model, data, settings and machine give the same rows, bit for bit. */
class TrainingIsDeterministicTest {
  @Test
  void theSameSeedGivesTheSameRowsAndAnotherOneOthers() {
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories260K"))) {
      Random random = new Random(5);
      List<Example> examples =
          random.ints(100, 1, 30).mapToObj(n -> PeftRows.random(model, random, n, 2)).toList();
      Dataset data = new Dataset("random rows", examples, Optional.empty(), List.of());
      Losses each = new Losses();
      float[] first = train(model, data, 1, each);
      float[] second = train(model, data, 1, each);
      float[] other = train(model, data, 2, each);
      assertArrayEquals(first, second, 0f);
      List<Float> losses = each.values();
      List<Float> run = losses.subList(0, losses.size() / 3);
      assertTrue(run.equals(losses.subList(run.size(), 2 * run.size())), "losses of both runs");
      assertFalse(Arrays.equals(first, other), "another seed gives other rows");
      assertTrue(run.getLast() < run.getFirst(), "and the rows do learn");
    }
  }

  private static float[] train(FrozenModel model, Dataset data, long seed, Losses losses) {
    TrainingConfig config =
        new TrainingConfig(
            PromptTuningConfig.defaults(8), 3, 16, OptimizerConfig.defaults(), seed, 2);
    return new Trainer(model, config)
        .train(data, Optional.empty(), losses)
        .tensors()
        .getFirst()
        .toFloats();
  }
}
