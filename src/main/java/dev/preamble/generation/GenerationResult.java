package dev.preamble.generation;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What came of a request.
 *
 * @param prompt the prompt's tokens with their log probabilities, where the request asked for
 *     these; the first one has none, and virtual tokens are not among them
 * @param tokens the tokens in order, an end token included
 * @param finishReason why there are no more
 * @param usage positions taken
 * @param timing how long it took
 */
public record GenerationResult(
    List<ScoredToken> prompt,
    List<GeneratedToken> tokens,
    FinishReason finishReason,
    Usage usage,
    Timing timing) {
  /** Copies the lists. */
  public GenerationResult {
    prompt = List.copyOf(prompt);
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
