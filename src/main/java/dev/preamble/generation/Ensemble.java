package dev.preamble.generation;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How several adapters' opinions of the same text become one (Lester et al. 2021, section 6). */
public enum Ensemble {
  /**
   * Each adapter votes for its most probable label; of labels with equal votes the mean decides.
   */
  MAJORITY,
  /** The mean of the adapters' probabilities. */
  MEAN;

  /**
   * The probability of each label under all adapters: the mean, or each label's share of votes.
   *
   * @param opinions each adapter's probabilities, in the order of the labels
   */
  public List<Double> combine(List<List<Double>> opinions) {
    int labels = opinions.getFirst().size();
    List<Double> combined = new ArrayList<>(Collections.nCopies(labels, 0.0));
    for (List<Double> opinion : opinions) {
      int vote = mostProbable(opinion);
      for (int label = 0; label < labels; label++) {
        double share = this == MEAN ? opinion.get(label) : label == vote ? 1 : 0;
        combined.set(label, combined.get(label) + share / opinions.size());
      }
    }
    return combined;
  }

  /** The label that the adapters choose together. */
  public int choose(List<List<Double>> opinions) {
    List<Double> combined = combine(opinions);
    List<Double> mean = MEAN.combine(opinions);
    int best = 0;
    for (int label = 1; label < combined.size(); label++) {
      // Shares of votes are sums of equal parts, which may differ in their last bits.
      double ahead = combined.get(label) - combined.get(best);
      boolean equal = Math.abs(ahead) < 1e-9;
      if (equal ? mean.get(label) > mean.get(best) : ahead > 0) {
        best = label;
      }
    }
    return best;
  }

  private static int mostProbable(List<Double> probabilities) {
    int best = 0;
    for (int label = 1; label < probabilities.size(); label++) {
      if (probabilities.get(label) > probabilities.get(best)) {
        best = label;
      }
    }
    return best;
  }
}
