package dev.preamble.generation;

/**
 * Positions that a request took of the model's context.
 *
 * @param promptTokens tokens of the prompt, virtual ones not counted
 * @param virtualTokens rows that the adapter put in front
 * @param completionTokens tokens that came out, an end-of-sequence token counted
 */
public record Usage(int promptTokens, int virtualTokens, int completionTokens) {}
