package dev.preamble.generation;

import dev.preamble.generation.sampling.Constraint;
import dev.preamble.generation.sampling.Sampling;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * What is to be generated. Begin with {@link #of}, which decodes greedily, and change what differs.
 *
 * @param prompt token ids that the text continues; at least one
 * @param adapter the adapter that it runs under; none means the model as it is
 * @param maxTokens tokens to generate at most; may be 0 where the prompt is scored
 * @param stop texts that end the generation where they would begin; they are not given out
 * @param sampling how tokens are drawn
 * @param constraint what the text must be, where it must be something
 * @param logProbabilities whether each token's log probability is wanted, and how many most
 *     probable tokens beside it
 * @param promptLogProbabilities the same for the prompt's tokens
 * @param deadline time from submission after which the request ends with what it has
 */
public record GenerationRequest(
    int[] prompt,
    Optional<FittedAdapter> adapter,
    int maxTokens,
    List<String> stop,
    Sampling sampling,
    Optional<Constraint> constraint,
    OptionalInt logProbabilities,
    OptionalInt promptLogProbabilities,
    Optional<Duration> deadline) {

  /** Tokens generated where nothing else is said, as in OpenAI's interface. */
  public static final int DEFAULT_MAX_TOKENS = 16;

  /** Most probable tokens to be had beside a token. */
  public static final int MOST_ALTERNATIVES = 20;

  /** Refuses what no model could run. */
  public GenerationRequest {
    prompt = prompt.clone();
    stop = List.copyOf(stop);
    require(prompt.length > 0, "prompt", "at least one token", "none");
    int least = promptLogProbabilities.isPresent() ? 0 : 1;
    require(maxTokens >= least, "max_tokens", "at least " + least, maxTokens);
    require(!stop.contains(""), "stop", "texts", "an empty one");
    requireAlternatives(logProbabilities, "logprobs");
    requireAlternatives(promptLogProbabilities, "prompt_logprobs");
    int fewest = sampling.ending().minTokens();
    require(fewest <= maxTokens, "min_tokens", "at most max_tokens, " + maxTokens, fewest);
    require(
        constraint.isEmpty() || !sampling.ending().ignoreEos(),
        "ignore_eos",
        "false, for a constraint says where the text ends",
        "true");
    deadline.ifPresent(
        time -> require(time.isPositive(), "timeout", "a time above 0", time.toString()));
  }

  private static void requireAlternatives(OptionalInt wanted, String field) {
    wanted.ifPresent(
        count ->
            require(
                count >= 0 && count <= MOST_ALTERNATIVES,
                field,
                "a whole number from 0 to " + MOST_ALTERNATIVES,
                count));
  }

  private static void require(boolean holds, String field, String expected, Object found) {
    if (!holds) {
      throw new RequestException(
          field, "%s: expected %s, found %s".formatted(field, expected, found));
    }
  }

  /** A greedy request without adapter or stop texts. */
  public static GenerationRequest of(int... prompt) {
    return new GenerationRequest(
        prompt,
        Optional.empty(),
        DEFAULT_MAX_TOKENS,
        List.of(),
        Sampling.greedy(),
        Optional.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Optional.empty());
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

  /** This request {@code count} times, each with a seed of its own: OpenAI's n. */
  public List<GenerationRequest> rows(int count) {
    return IntStream.range(0, count).mapToObj(i -> withSampling(sampling.forRow(i))).toList();
  }

  /** This request under an adapter. */
  public GenerationRequest withAdapter(FittedAdapter adapter) {
    return withAdapter(Optional.of(adapter));
  }

  /** This request under an adapter or none. */
  public GenerationRequest withAdapter(Optional<FittedAdapter> adapter) {
    return changed(draft -> draft.adapter = adapter);
  }

  /** This request with another limit of tokens. */
  public GenerationRequest withMaxTokens(int maxTokens) {
    return changed(draft -> draft.maxTokens = maxTokens);
  }

  /** This request with stop texts. */
  public GenerationRequest withStop(List<String> stop) {
    return changed(draft -> draft.stop = stop);
  }

  /** This request with another way to draw tokens. */
  public GenerationRequest withSampling(Sampling sampling) {
    return changed(draft -> draft.sampling = sampling);
  }

  /** This request with a constraint or none. */
  public GenerationRequest withConstraint(Optional<Constraint> constraint) {
    return changed(draft -> draft.constraint = constraint);
  }

  /** This request with each token's log probability wanted, or not. */
  public GenerationRequest withLogProbabilities(boolean wanted) {
    return withLogProbabilities(wanted ? OptionalInt.of(0) : OptionalInt.empty());
  }

  /** This request with log probabilities wanted and so many alternatives, or none. */
  public GenerationRequest withLogProbabilities(OptionalInt alternatives) {
    return changed(draft -> draft.logProbabilities = alternatives);
  }

  /** This request with the prompt's log probabilities wanted and so many alternatives, or none. */
  public GenerationRequest withPromptLogProbabilities(OptionalInt alternatives) {
    return changed(draft -> draft.promptLogProbabilities = alternatives);
  }

  /** This request with a deadline or none. */
  public GenerationRequest withDeadline(Optional<Duration> deadline) {
    return changed(draft -> draft.deadline = deadline);
  }

  private GenerationRequest changed(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return new GenerationRequest(
        prompt,
        draft.adapter,
        draft.maxTokens,
        draft.stop,
        draft.sampling,
        draft.constraint,
        draft.logProbabilities,
        draft.promptLogProbabilities,
        draft.deadline);
  }

  /** What a request becomes when something of it is changed. */
  private static final class Draft {
    private Optional<FittedAdapter> adapter;
    private int maxTokens;
    private List<String> stop;
    private Sampling sampling;
    private Optional<Constraint> constraint;
    private OptionalInt logProbabilities;
    private OptionalInt promptLogProbabilities;
    private Optional<Duration> deadline;

    Draft(GenerationRequest from) {
      adapter = from.adapter;
      maxTokens = from.maxTokens;
      stop = from.stop;
      sampling = from.sampling;
      constraint = from.constraint;
      logProbabilities = from.logProbabilities;
      promptLogProbabilities = from.promptLogProbabilities;
      deadline = from.deadline;
    }
  }
}
