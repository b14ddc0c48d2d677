package dev.preamble.generation;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What came of a request.
 *
 * @param tokens the tokens in order, an end-of-sequence token included
 * @param finishReason why there are no more
 * @param usage positions taken
 * @param timing how long it took
 */
public record GenerationResult(
    List<GeneratedToken> tokens, FinishReason finishReason, Usage usage, Timing timing) {
  /** Copies the list. */
  public GenerationResult {
    tokens = List.copyOf(tokens);
  }

  /** The text that came out, up to a stop string and without special tokens. */
  public String text() {
    return tokens.stream().map(GeneratedToken::text).collect(Collectors.joining());
  }

  /** The ids that came out. */
  public int[] ids() {
    return tokens.stream().mapToInt(GeneratedToken::id).toArray();
  }
}
