package dev.preamble.generation;

import dev.preamble.generation.sampling.Alternative;
import java.util.List;
import java.util.OptionalDouble;

/**
 * A token of a given text and how probable it is there.
 *
 * @param id the token
 * @param piece its text
 * @param logProbability natural logarithm of its probability given what precedes it; none for a
 *     first token that nothing precedes
 * @param alternatives the tokens that the model found most probable in its place, most probable
 *     first; as many as were asked for
 */
public record ScoredToken(
    int id, String piece, OptionalDouble logProbability, List<Alternative> alternatives) {
  /** Copies the list. */
  public ScoredToken {
    alternatives = List.copyOf(alternatives);
  }
}
