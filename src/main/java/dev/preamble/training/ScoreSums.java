package dev.preamble.training;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/** The scores of some rows, as sums that further rows are added to. */
final class ScoreSums {
  private final Optional<LabelWords> labels;
  private double loss;
  private long tokens;
  private long exact;
  private long correct;
  private float[] row = new float[0];

  ScoreSums(Optional<LabelWords> labels) {
    this.labels = labels;
  }

  /**
   * Adds a batch.
   *
   * @param logits float [completion tokens of all rows, vocabulary], in the order of the rows
   */
  void add(List<Example> batch, MemorySegment logits, int vocabulary) {
    if (row.length != vocabulary) {
      row = new float[vocabulary];
    }
    long position = 0;
    for (Example example : batch) {
      boolean likeliest = true;
      for (int i = 0; i < example.completion().length; i++) {
        if (example.given().get(i)) {
          continue;
        }
        MemorySegment.copy(
            logits, ValueLayout.JAVA_FLOAT, 4 * position * vocabulary, row, 0, vocabulary);
        likeliest &= addToken(example.completion()[i]);
        if (i == 0 && labels.isPresent() && example.label().isPresent()) {
          correct += chosen(labels.get()) == example.label().getAsInt() ? 1 : 0;
        }
        position++;
      }
      exact += likeliest ? 1 : 0;
    }
  }

  /** Adds one token's loss; whether the token is the likeliest of the vocabulary. */
  private boolean addToken(int token) {
    float highest = Float.NEGATIVE_INFINITY;
    for (float logit : row) {
      highest = Math.max(highest, logit);
    }
    double sum = 0;
    for (float logit : row) {
      sum += Math.exp(logit - highest);
    }
    loss += Math.log(sum) + highest - row[token];
    tokens++;
    return row[token] == highest;
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
        rows, loss / tokens, (double) exact / rows, labels.map(words -> (double) correct / rows));
  }
}
