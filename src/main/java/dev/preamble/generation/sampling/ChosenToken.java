package dev.preamble.generation.sampling;

import java.util.List;
import java.util.OptionalDouble;

/**
 * The token that a row goes on with.
 *
 * @param id the token
 * @param logProbability natural logarithm of its probability as the model gives it, before any
 *     penalty, bias, mask or temperature; where it was asked for
 * @param alternatives the most probable tokens as the model gives them, most probable first; as
 *     many as were asked for
 */
public record ChosenToken(int id, OptionalDouble logProbability, List<Alternative> alternatives) {
  /** Copies the list. */
  public ChosenToken {
    alternatives = List.copyOf(alternatives);
  }
}
