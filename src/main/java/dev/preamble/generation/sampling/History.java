package dev.preamble.generation.sampling;

import java.util.Arrays;
import java.util.BitSet;

/** The tokens of a row so far, as penalties see them. */
final class History {
  private final Penalties penalties;
  private final int[] counts;
  private final BitSet seen = new BitSet();
  private int[] distinct = new int[16];
  private int size;

  /** Behind {@code prompt}; nothing is noted where nothing is penalised. */
  History(Penalties penalties, int[] prompt, int vocabulary) {
    this.penalties = penalties;
    this.counts = new int[penalties.none() ? 0 : vocabulary];
    if (!penalties.none()) {
      for (int token : prompt) {
        note(token);
      }
    }
  }

  /** Puts {@code token} behind the completion. */
  void add(int token) {
    if (!penalties.none()) {
      note(token);
      counts[token]++;
    }
  }

  private void note(int token) {
    if (!seen.get(token)) {
      seen.set(token);
      if (size == distinct.length) {
        distinct = Arrays.copyOf(distinct, 2 * size);
      }
      distinct[size++] = token;
    }
  }

  /** Takes from {@code logits} what the tokens so far lose. */
  void penalise(float[] logits) {
    for (int i = 0; i < size; i++) {
      int token = distinct[i];
      double value = logits[token];
      value = value > 0 ? value / penalties.repetition() : value * penalties.repetition();
      value -= counts[token] * penalties.frequency();
      logits[token] = (float) (counts[token] > 0 ? value - penalties.presence() : value);
    }
  }
}
