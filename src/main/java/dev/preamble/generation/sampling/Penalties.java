package dev.preamble.generation.sampling;

/**
 * What tokens that came before lose.
 *
 * @param repetition divides the positive logits of tokens in prompt or completion, multiplies their
 *     negative ones (Keskar et al. 2019, as in transformers and vLLM); 1 changes nothing
 * @param frequency taken from a token's logit for each time that it stands in the completion; 0
 *     changes nothing
 * @param presence taken from a token's logit once if it stands in the completion; 0 changes nothing
 */
public record Penalties(double repetition, double frequency, double presence) {
  /** Nothing is lost. */
  public static final Penalties NONE = new Penalties(1, 0, 0);

  private static final double LARGEST_REPETITION = 1e3;
  private static final double LARGEST = 2;

  /** Refuses what is out of OpenAI's ranges, and a repetition penalty that is none. */
  public Penalties {
    Limits.require(
        repetition > 0 && repetition <= LARGEST_REPETITION,
        "repetition_penalty",
        "a number above 0 and up to %.0f".formatted(LARGEST_REPETITION),
        repetition);
    Limits.requireWithin(frequency, LARGEST, "frequency_penalty");
    Limits.requireWithin(presence, LARGEST, "presence_penalty");
  }

  /** Whether nothing is lost. */
  public boolean none() {
    return repetition == 1 && frequency == 0 && presence == 0;
  }
}
