package dev.preamble.training;

/** How often each label was right, was chosen and was both. */
final class LabelCounts {
  private final long[] expected;
  private final long[] chosen;
  private final long[] both;

  LabelCounts(int labels) {
    expected = new long[labels];
    chosen = new long[labels];
    both = new long[labels];
  }

  void add(int right, int found) {
    expected[right]++;
    chosen[found]++;
    both[right] += right == found ? 1 : 0;
  }

  double accuracy(int rows) {
    long correct = 0;
    for (long each : both) {
      correct += each;
    }
    return (double) correct / rows;
  }

  /**
   * The mean of 2 * both / (expected + chosen) over the labels that were expected or chosen, as
   * scikit-learn's {@code f1_score} with {@code average="macro"}.
   */
  double macroF1() {
    double sum = 0;
    int seen = 0;
    for (int label = 0; label < both.length; label++) {
      long either = expected[label] + chosen[label];
      if (either > 0) {
        sum += 2.0 * both[label] / either;
        seen++;
      }
    }
    return seen == 0 ? 0 : sum / seen;
  }
}
