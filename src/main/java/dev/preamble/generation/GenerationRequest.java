package dev.preamble.generation;

import java.util.List;
import java.util.Optional;

/**
 * What is to be generated. Decoding is greedy: each token is the most probable one. Begin with
 * {@link #of} and change what differs.
 *
 * @param prompt token ids that the text continues; at least one
 * @param adapter the adapter that it runs under; none means the model as it is
 * @param maxTokens tokens to generate at most
 * @param stop texts that end the generation where they would begin; they are not given out
 * @param logProbabilities whether each token's log probability is wanted
 */
public record GenerationRequest(
    int[] prompt,
    Optional<FittedAdapter> adapter,
    int maxTokens,
    List<String> stop,
    boolean logProbabilities) {

  /** Tokens generated where nothing else is said, as in OpenAI's interface. */
  public static final int DEFAULT_MAX_TOKENS = 16;

  /** Refuses what no model could run. */
  public GenerationRequest {
    prompt = prompt.clone();
    stop = List.copyOf(stop);
    if (prompt.length == 0) {
      throw new RequestException("prompt", "prompt: expected at least one token, found none");
    }
    if (maxTokens < 1) {
      throw new RequestException(
          "max_tokens", "max_tokens: expected at least 1, found " + maxTokens);
    }
    if (stop.contains("")) {
      throw new RequestException("stop", "stop: expected texts, found an empty one");
    }
  }

  /** A request without adapter or stop texts. */
  public static GenerationRequest of(int... prompt) {
    return new GenerationRequest(prompt, Optional.empty(), DEFAULT_MAX_TOKENS, List.of(), false);
  }

  /** The prompt's token ids; a copy. */
  @Override
  public int[] prompt() {
    return prompt.clone();
  }

  /** Virtual tokens that the adapter puts in front. */
  public int virtualTokens() {
    return adapter.map(FittedAdapter::virtualTokens).orElse(0);
  }

  /** This request under an adapter. */
  public GenerationRequest withAdapter(FittedAdapter adapter) {
    return withAdapter(Optional.of(adapter));
  }

  /** This request under an adapter or none. */
  public GenerationRequest withAdapter(Optional<FittedAdapter> adapter) {
    return new GenerationRequest(prompt, adapter, maxTokens, stop, logProbabilities);
  }

  /** This request with another limit of tokens. */
  public GenerationRequest withMaxTokens(int maxTokens) {
    return new GenerationRequest(prompt, adapter, maxTokens, stop, logProbabilities);
  }

  /** This request with stop texts. */
  public GenerationRequest withStop(List<String> stop) {
    return new GenerationRequest(prompt, adapter, maxTokens, stop, logProbabilities);
  }

  /** This request with log probabilities wanted, or not. */
  public GenerationRequest withLogProbabilities(boolean wanted) {
    return new GenerationRequest(prompt, adapter, maxTokens, stop, wanted);
  }
}
