package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The scores against values worked out by hand. */
class ScoresTest {
  @Test
  void macroF1IsTheMeanOverLabelsThatAppear() {
    LabelCounts counts = new LabelCounts(4);
    // Label 0: 2 of 3 found, one of label 1 taken for it; label 3 never appears.
    counts.add(0, 0);
    counts.add(0, 0);
    counts.add(0, 2);
    counts.add(1, 0);
    counts.add(1, 1);
    double first = 2.0 * 2 / (3 + 3);
    double second = 2.0 * 1 / (2 + 1);
    double third = 0;
    assertEquals((first + second + third) / 3, counts.macroF1(), 1e-12);
    assertEquals(3.0 / 5, counts.accuracy(5), 1e-12);
  }

  @Test
  void tokenF1CountsTokensWhateverTheirOrder() {
    assertEquals(1, ScoreSums.f1(new int[] {1, 2, 2}, new int[] {2, 1, 2}));
    assertEquals(2.0 / 3, ScoreSums.f1(new int[] {1, 2, 2}, new int[] {2, 2, 2}));
    assertEquals(0, ScoreSums.f1(new int[] {1}, new int[] {2}));
  }
}
