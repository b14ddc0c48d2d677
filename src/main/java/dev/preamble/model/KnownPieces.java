package dev.preamble.model;

import java.util.Arrays;
import java.util.Optional;

/**
 * What tokens add to a text in whose middle they stand, noted when each is met first. It is the
 * same in every text where the tokenizer decodes each token alone. May be used by several threads:
 * what one notes another sees whole or not yet.
 */
final class KnownPieces {
  private final boolean alone;
  private volatile String[] pieces = {};

  /**
   * @param alone whether the tokenizer decodes each token alone; else nothing is ever known
   */
  KnownPieces(boolean alone) {
    this.alone = alone;
  }

  /** What {@code token} adds, if that is known. */
  Optional<String> of(int token) {
    String[] known = pieces;
    return token < known.length ? Optional.ofNullable(known[token]) : Optional.empty();
  }

  /** Notes that {@code token} adds {@code piece}. */
  void note(int token, String piece) {
    if (alone) {
      room(token)[token] = piece;
    }
  }

  private synchronized String[] room(int token) {
    if (token >= pieces.length) {
      pieces = Arrays.copyOf(pieces, Math.max(token + 1, 2 * pieces.length));
    }
    return pieces;
  }
}
