package dev.preamble.generation;

import dev.preamble.generation.sampling.Alternative;
import java.util.List;
import java.util.OptionalDouble;

/**
 * One token that came out of the model.
 *
 * @param id the token
 * @param text what became certain of the text with this token: possibly empty, for a character may
 *     need several tokens and the start of a stop string is held back; the texts of all tokens,
 *     joined, are the text of the result
 * @param logProbability natural logarithm of the token's probability given all before it, as the
 *     model gives it and not as it was drawn; where the request asked for it
 * @param alternatives the tokens that the model found most probable, most probable first; as many
 *     as the request asked for
 */
public record GeneratedToken(
    int id, String text, OptionalDouble logProbability, List<Alternative> alternatives) {
  /** Copies the list. */
  public GeneratedToken {
    alternatives = List.copyOf(alternatives);
  }
}
