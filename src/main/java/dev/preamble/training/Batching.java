package dev.preamble.training;

/**
 * How rows become batches and batches a step.
 *
 * @param rows the most rows of a batch
 * @param tokens the most tokens of a batch, prompts and completions together; 0 sets no bound
 * @param accumulate batches whose gradients make one step
 */
public record Batching(int rows, int tokens, int accumulate) {
  /** Refuses sizes that hold nothing. */
  public Batching {
    check("--batch-size", 1, rows);
    check("--batch-tokens", 0, tokens);
    check("--accumulate", 1, accumulate);
  }

  /** Batches of {@code rows}, a step each. */
  public static Batching of(int rows) {
    return new Batching(rows, 0, 1);
  }

  private static void check(String name, int least, int found) {
    if (found < least) {
      throw new TrainingException(
          "%s: expected %d or more, found %d".formatted(name, least, found));
    }
  }
}
