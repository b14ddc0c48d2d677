package dev.preamble.generation;

import java.util.OptionalDouble;

/**
 * One token that came out of the model.
 *
 * @param id the token
 * @param text what became certain of the text with this token: possibly empty, for a character may
 *     need several tokens and the start of a stop string is held back; the texts of all tokens,
 *     joined, are the text of the result
 * @param logProbability natural logarithm of the token's probability given all before it, where the
 *     request asked for it
 */
public record GeneratedToken(int id, String text, OptionalDouble logProbability) {}
