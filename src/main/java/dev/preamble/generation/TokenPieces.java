package dev.preamble.generation;

import dev.preamble.model.IncrementalDecoder;
import dev.preamble.model.TextTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Each token's share of a given text. */
final class TokenPieces {
  private TokenPieces() {}

  /**
   * The shares of {@code tokens}; a special token's is its name, without a tokenizer all are empty.
   */
  static List<String> of(int[] tokens, Optional<TextTokenizer> tokenizer) {
    List<String> pieces = new ArrayList<>();
    Optional<IncrementalDecoder> decoder = tokenizer.map(IncrementalDecoder::new);
    for (int token : tokens) {
      String piece = decoder.map(used -> used.append(token)).orElse("");
      pieces.add(
          piece.isEmpty() ? tokenizer.map(used -> used.decode(false, token)).orElse("") : piece);
    }
    return pieces;
  }
}
