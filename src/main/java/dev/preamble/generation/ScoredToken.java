package dev.preamble.generation;

import java.util.OptionalDouble;

/**
 * A token of a given text and how probable it is there.
 *
 * @param id the token
 * @param piece its text
 * @param logProbability natural logarithm of its probability given what precedes it; none for a
 *     first token that nothing precedes
 */
public record ScoredToken(int id, String piece, OptionalDouble logProbability) {}
