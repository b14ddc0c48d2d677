package dev.preamble.bench;

import java.util.SplittableRandom;

/**
 * Requests of equal length by clients that each make the next one when they have their answer.
 *
 * @param clients clients at once
 * @param requests requests in all
 * @param tokens length of each answer
 */
record StreamLoad(int clients, int requests, int tokens) {
  private static final int PROMPT = 8;

  /** Tokens that every vocabulary has, beyond the special ones. */
  private static final int LEAST = 3;

  private static final int MOST = 500;

  /** The prompt of request {@code number}; no two begin alike. */
  int[] prompt(int number) {
    return new SplittableRandom(number).ints(PROMPT, LEAST, MOST).toArray();
  }
}
