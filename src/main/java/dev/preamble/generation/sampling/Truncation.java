package dev.preamble.generation.sampling;

/**
 * Which tokens are drawn among.
 *
 * @param topK this many most probable tokens, and those as probable as the last of them; 0 for all
 * @param topP the fewest most probable tokens that have this much probability together; 1 for all
 * @param minP tokens that have at least this share of the most probable one's probability; 0 for
 *     all
 */
public record Truncation(int topK, double topP, double minP) {
  /** All tokens. */
  public static final Truncation NONE = new Truncation(0, 1, 0);

  /** Refuses what would leave no token, or has no meaning. */
  public Truncation {
    Limits.require(topK >= 0, "top_k", "a whole number of at least 0", topK);
    Limits.require(topP > 0 && topP <= 1, "top_p", "a number above 0 and up to 1", topP);
    Limits.require(minP >= 0 && minP <= 1, "min_p", "a number from 0 to 1", minP);
  }
}
