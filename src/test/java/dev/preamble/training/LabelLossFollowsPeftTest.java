package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * With the loss over the label words alone the loss of each step is within 1e-3 (relative) of real
 * PEFT's, from the same start over the same batches of TREC.
 */
class LabelLossFollowsPeftTest {
  private static final int ROWS = 12 * 16;

  @TempDir Path folder;

  @Test
  void lossesOfAnEpoch() {
    Path data = Trec.data();
    try (FrozenModel model = FrozenModel.open(Trec.MODEL)) {
      Trec task = Trec.read(model, data, ROWS);
      TrainingConfig config = Trec.config(Objective.LABELS, 1, 3, 1);
      Losses losses = new Losses();
      new Trainer(model, config).train(task.train(), Optional.empty(), losses);
      List<Float> found = losses.values();
      List<Double> expected = task.trainInPeft(model, config, Integer.MAX_VALUE, folder);
      assertEquals(expected.size(), found.size());
      double worst = 0;
      for (int i = 0; i < found.size(); i++) {
        worst = Math.max(worst, Math.abs(found.get(i) - expected.get(i)) / expected.get(i));
      }
      System.out.printf(
          "[parity] loss over the labels: %.2g from PEFT's over %d steps (%.3f to %.3f)%n",
          worst, found.size(), expected.getFirst(), expected.getLast());
      double off = worst;
      assertTrue(off <= 1e-3, () -> "off by " + off);
      assertTrue(found.getFirst() < Math.log(32_000) / 3, "a choice of six, not of all tokens");
    }
  }
}
