package dev.preamble.training;

/** What makes one state of a run better than another. */
public enum Criterion {
  /** The loss on the evaluation data, the lower the better. */
  LOSS {
    @Override
    public double value(Evaluator.Scores scores) {
      return -scores.loss();
    }
  },
  /** The share of rows whose label is told right. */
  ACCURACY {
    @Override
    public double value(Evaluator.Scores scores) {
      return scores.accuracy().orElseThrow(Criterion::noLabels);
    }
  },
  /** The mean over labels of the F1 score. */
  MACRO_F1 {
    @Override
    public double value(Evaluator.Scores scores) {
      return scores.macroF1().orElseThrow(Criterion::noLabels);
    }
  },
  /** The share of rows whose whole completion is the likeliest. */
  EXACT {
    @Override
    public double value(Evaluator.Scores scores) {
      return scores.exact();
    }
  },
  /** The share of completion tokens that are said. */
  TOKEN_F1 {
    @Override
    public double value(Evaluator.Scores scores) {
      return scores.tokenF1();
    }
  };

  /** A number that is higher for better scores. */
  public abstract double value(Evaluator.Scores scores);

  private static TrainingException noLabels() {
    return new TrainingException(
        "--best-by: expected loss, exact or token_f1 for rows without labels (--labels)");
  }
}
