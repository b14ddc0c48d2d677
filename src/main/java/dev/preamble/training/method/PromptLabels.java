package dev.preamble.training.method;

/**
 * Virtual tokens that the loss asks the model to predict, for each row of a batch once more, beside
 * the row's own labels.
 *
 * @param positions the virtual tokens, from 1 on: each is predicted from the one before it
 * @param tokens the vocabulary entry that each stands for
 * @param weights what each counts, where a row's own label counts 1
 */
public record PromptLabels(int[] positions, int[] tokens, float[] weights) {
  /** No virtual token is asked for. */
  public static final PromptLabels NONE = new PromptLabels(new int[0], new int[0], new float[0]);

  /** How many there are. */
  public int count() {
    return positions.length;
  }
}
