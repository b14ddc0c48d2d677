package dev.preamble.generation;

import dev.preamble.model.TextTokenizer;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Each token's share of a given text, where the model has a tokenizer. */
final class TokenPieces {
  private TokenPieces() {}

  /**
   * The shares of {@code tokens} ({@link TextTokenizer#pieces}); empty ones without a tokenizer.
   */
  static List<String> of(int[] tokens, Optional<TextTokenizer> tokenizer) {
    return tokenizer
        .map(used -> used.pieces(tokens))
        .orElseGet(() -> Collections.nCopies(tokens.length, ""));
  }
}
