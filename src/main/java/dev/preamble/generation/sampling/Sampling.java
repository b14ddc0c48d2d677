package dev.preamble.generation.sampling;

import java.util.Map;
import java.util.OptionalLong;

/**
 * How a request's tokens are drawn and when they end. Begin with {@link #greedy} and change what
 * differs.
 *
 * @param temperature divides the logits; below {@value #GREEDY_BELOW} the most probable token is
 *     taken instead of drawing one
 * @param truncation which tokens are drawn among
 * @param penalties what tokens that came before lose
 * @param logitBias added to the logits of tokens by id
 * @param seed fixes what is drawn; without one every run draws anew
 * @param ending which tokens end the text, and when
 */
public record Sampling(
    double temperature,
    Truncation truncation,
    Penalties penalties,
    Map<Integer, Double> logitBias,
    OptionalLong seed,
    Ending ending) {

  /** Lower temperatures differ in nothing from taking the most probable token. */
  public static final double GREEDY_BELOW = 1e-5;

  private static final double LARGEST_TEMPERATURE = 1e6;
  private static final double LARGEST_BIAS = 100;
  private static final int MOST_BIASES = 1024;
  private static final Sampling GREEDY =
      new Sampling(
          0, Truncation.NONE, Penalties.NONE, Map.of(), OptionalLong.empty(), Ending.MODELS);

  /** Refuses what is no way to draw. */
  public Sampling {
    Limits.require(
        temperature >= 0 && temperature <= LARGEST_TEMPERATURE,
        "temperature",
        "a number of at least 0",
        temperature);
    logitBias = Map.copyOf(logitBias);
    Limits.require(
        logitBias.size() <= MOST_BIASES,
        "logit_bias",
        "at most %,d tokens".formatted(MOST_BIASES),
        logitBias.size());
    logitBias.values().forEach(bias -> Limits.requireWithin(bias, LARGEST_BIAS, "logit_bias"));
  }

  /** The most probable token each time, until an end-of-sequence token. */
  public static Sampling greedy() {
    return GREEDY;
  }

  /** Whether the most probable token is taken instead of drawing one. */
  public boolean isGreedy() {
    return temperature < GREEDY_BELOW;
  }

  /**
   * This for row {@code index} of several that a request wants: its seed, where there is one, is
   * greater by the index, so the first row is what a single one would be.
   */
  public Sampling forRow(int index) {
    return seed.isEmpty() ? this : withSeed(OptionalLong.of(seed.getAsLong() + index));
  }

  /** With another temperature. */
  public Sampling withTemperature(double temperature) {
    return new Sampling(temperature, truncation, penalties, logitBias, seed, ending);
  }

  /** With other tokens drawn among. */
  public Sampling withTruncation(Truncation truncation) {
    return new Sampling(temperature, truncation, penalties, logitBias, seed, ending);
  }

  /** With other penalties. */
  public Sampling withPenalties(Penalties penalties) {
    return new Sampling(temperature, truncation, penalties, logitBias, seed, ending);
  }

  /** With other additions to the logits. */
  public Sampling withLogitBias(Map<Integer, Double> logitBias) {
    return new Sampling(temperature, truncation, penalties, logitBias, seed, ending);
  }

  /** With a seed. */
  public Sampling withSeed(long seed) {
    return withSeed(OptionalLong.of(seed));
  }

  /** With a seed or none. */
  public Sampling withSeed(OptionalLong seed) {
    return new Sampling(temperature, truncation, penalties, logitBias, seed, ending);
  }

  /** Ending otherwise. */
  public Sampling withEnding(Ending ending) {
    return new Sampling(temperature, truncation, penalties, logitBias, seed, ending);
  }
}
