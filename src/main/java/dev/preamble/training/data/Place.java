package dev.preamble.training.data;

/**
 * Where a row stands in its file.
 *
 * @param offset of its first byte
 * @param length in bytes, the line's end left out
 * @param line on which it begins, from 1
 */
public record Place(long offset, int length, long line) {}
