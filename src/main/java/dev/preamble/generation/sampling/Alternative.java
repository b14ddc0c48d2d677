package dev.preamble.generation.sampling;

/**
 * A token that might have come.
 *
 * @param id the token
 * @param logProbability natural logarithm of its probability, as the model gives it
 */
public record Alternative(int id, double logProbability) {}
