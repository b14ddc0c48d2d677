package dev.preamble.training;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The scores of some rows, as sums that further rows are added to. */
final class ScoreSums {
  private final Optional<LabelWords> labels;
  private final Optional<LabelCounts> counts;
  private double loss;
  private long tokens;
  private long exact;
  private double tokenF1;
  private float[] row = new float[0];

  ScoreSums(Optional<LabelWords> labels) {
    this.labels = labels;
    this.counts = labels.map(words -> new LabelCounts(words.size()));
  }

  /**
   * Adds a batch.
   *
   * @param logits float [labels of all rows, vocabulary], in the order of the rows
   */
  void add(List<Example> batch, MemorySegment logits, int vocabulary) {
    if (row.length != vocabulary) {
      row = new float[vocabulary];
    }
    long position = 0;
    for (Example example : batch) {
      int[] expected = new int[example.labels()];
      int[] said = new int[expected.length];
      int label = 0;
      for (int i = 0; i < example.completion().length; i++) {
        if (example.given().get(i)) {
          continue;
        }
        MemorySegment.copy(
            logits, ValueLayout.JAVA_FLOAT, 4 * position * vocabulary, row, 0, vocabulary);
        expected[label] = example.completion()[i];
        said[label] = addToken(expected[label]);
        if (i == 0 && labels.isPresent() && example.label().isPresent()) {
          counts.get().add(example.label().getAsInt(), chosen(labels.get()));
        }
        label++;
        position++;
      }
      exact += Arrays.equals(expected, said) ? 1 : 0;
      tokenF1 += f1(expected, said);
    }
  }

  /** Adds one token's loss; the likeliest token of the vocabulary, of equals the right one. */
  private int addToken(int token) {
    int likeliest = token;
    for (int i = 0; i < row.length; i++) {
      if (row[i] > row[likeliest]) {
        likeliest = i;
      }
    }
    float highest = row[likeliest];
    double sum = 0;
    for (float logit : row) {
      sum += Math.exp(logit - highest);
    }
    loss += Math.log(sum) + highest - row[token];
    tokens++;
    return likeliest;
  }

  /** F1 of two collections of as many tokens: what they have in common, as a share. */
  static double f1(int[] expected, int[] said) {
    int[] left = expected.clone();
    int[] right = said.clone();
    Arrays.sort(left);
    Arrays.sort(right);
    int common = 0;
    for (int i = 0, j = 0; i < left.length && j < right.length; ) {
      if (left[i] == right[j]) {
        common++;
        i++;
        j++;
      } else if (left[i] < right[j]) {
        i++;
      } else {
        j++;
      }
    }
    return (double) common / expected.length;
  }

  private int chosen(LabelWords words) {
    int best = 0;
    for (int i = 1; i < words.size(); i++) {
      if (row[words.tokens().get(i)] > row[words.tokens().get(best)]) {
        best = i;
      }
    }
    return best;
  }

  Evaluator.Scores scores(int rows) {
    return new Evaluator.Scores(
        rows,
        loss / tokens,
        (double) exact / rows,
        tokenF1 / rows,
        counts.map(each -> each.accuracy(rows)),
        counts.map(LabelCounts::macroF1));
  }
}
