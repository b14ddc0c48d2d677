package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.cli.QuickstartJob;
import dev.preamble.model.FrozenModel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code TrainingJobBenchmark} compares is the same job on both sides: losses and accuracies
 * of each epoch agree.
 */
class TrainingJobFollowsPeftTest {
  private static final int TEST_ROWS = 60;

  @TempDir Path folder;

  @Test
  void lossAndAccuracyOfEachEpoch() {
    try (FrozenModel model = FrozenModel.open(Trec.MODEL)) {
      TrainingJob job = QuickstartJob.of(model, 2, 2).on(96, TEST_ROWS);
      List<TrainingJob.Epoch> ours = job.inPreamble(folder.resolve("ours"));
      List<TrainingJob.Epoch> theirs = job.inPeft(folder);
      System.out.printf("[parity] job: %s, in PEFT %s%n", ours, theirs);
      assertEquals(2, ours.size());
      assertEquals(2, theirs.size());
      for (int epoch = 0; epoch < 2; epoch++) {
        double loss = theirs.get(epoch).loss();
        assertEquals(loss, ours.get(epoch).loss(), 1e-3 * loss, "loss");
        assertEquals(
            theirs.get(epoch).accuracy(),
            ours.get(epoch).accuracy(),
            1.0 / TEST_ROWS + 1e-9,
            "accuracy; one row may fall to either of two words that score alike");
      }
      assertTrue(ours.get(1).accuracy() > 0.3, "it learns: chance is a tenth");
      assertTrue(ours.get(1).trainingSeconds() < ours.get(1).seconds());
      assertTrue(theirs.get(0).seconds() < theirs.get(1).seconds());
    }
  }
}
