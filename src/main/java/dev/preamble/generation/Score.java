package dev.preamble.generation;

import java.util.List;
import java.util.OptionalDouble;

/**
 * How probable a text is.
 *
 * @param tokens its tokens in order
 * @param virtualTokens rows that the adapter put in front; they are not scored
 */
public record Score(List<ScoredToken> tokens, int virtualTokens) {
  /** Copies the list. */
  public Score {
    tokens = List.copyOf(tokens);
  }

  /** Tokens that have a log probability. */
  public long scored() {
    return tokens.stream().filter(token -> token.logProbability().isPresent()).count();
  }

  /** Sum of the log probabilities: the natural logarithm of the text's probability. */
  public double sum() {
    return tokens.stream().mapToDouble(token -> token.logProbability().orElse(0)).sum();
  }

  /** exp(-sum / scored): 1 for a text that the model is sure of; none if no token is scored. */
  public OptionalDouble perplexity() {
    return scored() == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.exp(-sum() / scored()));
  }
}
