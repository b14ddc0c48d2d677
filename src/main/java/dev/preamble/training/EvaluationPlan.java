package dev.preamble.training;

/**
 * When a run is scored and what follows from it.
 *
 * @param every steps between two evaluations; 0 evaluates after each epoch
 * @param patience evaluations without a better one after which the run ends early; 0 never ends it
 * @param best what is kept: the state that was best by this
 */
public record EvaluationPlan(int every, int patience, Criterion best) {
  /** Refuses negative counts. */
  public EvaluationPlan {
    check("--eval-every", every);
    check("--patience", patience);
  }

  /** After each epoch, to the end, the lowest loss kept. */
  public static EvaluationPlan defaults() {
    return new EvaluationPlan(0, 0, Criterion.LOSS);
  }

  private static void check(String name, int found) {
    if (found < 0) {
      throw new TrainingException("%s: expected 0 or more, found %d".formatted(name, found));
    }
  }
}
