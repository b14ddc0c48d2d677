package dev.preamble.generation.sampling;

import java.util.Set;

/**
 * Which tokens end a text, and when. A token that ends a text is counted and has no text itself.
 *
 * @param stopTokens token ids that end it as the model's end-of-sequence tokens do
 * @param ignoreEos whether the model's end-of-sequence tokens end nothing
 * @param minTokens tokens that come before an end token may; what of a stop text stands in their
 *     text ends nothing either
 */
public record Ending(Set<Integer> stopTokens, boolean ignoreEos, int minTokens) {
  /** At the model's end-of-sequence tokens. */
  public static final Ending MODELS = new Ending(Set.of(), false, 0);

  private static final int MOST_STOP_TOKENS = 1024;

  /** Refuses fewer tokens than none. */
  public Ending {
    stopTokens = Set.copyOf(stopTokens);
    Limits.require(minTokens >= 0, "min_tokens", "a whole number of at least 0", minTokens);
    Limits.require(
        stopTokens.size() <= MOST_STOP_TOKENS,
        "stop_token_ids",
        "at most %,d tokens".formatted(MOST_STOP_TOKENS),
        stopTokens.size());
  }

  /** With other tokens that end the text. */
  public Ending withStopTokens(Set<Integer> stopTokens) {
    return new Ending(stopTokens, ignoreEos, minTokens);
  }

  /** Ending at the model's end-of-sequence tokens, or not. */
  public Ending withIgnoreEos(boolean ignoreEos) {
    return new Ending(stopTokens, ignoreEos, minTokens);
  }

  /** With another number of tokens that come before an end. */
  public Ending withMinTokens(int minTokens) {
    return new Ending(stopTokens, ignoreEos, minTokens);
  }
}
