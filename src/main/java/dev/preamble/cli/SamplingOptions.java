package dev.preamble.cli;

import dev.preamble.generation.sampling.Ending;
import dev.preamble.generation.sampling.Penalties;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.generation.sampling.Truncation;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import picocli.CommandLine.Option;

/** How tokens are drawn. */
final class SamplingOptions {
  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "Divides the logits before a token is drawn; 0 takes the most probable one.")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Draw among the K most probable tokens; 0 for all.")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description = "Draw among the fewest most probable tokens that have probability P together.")
  private double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description = "Draw among tokens of at least this share of the most probable one's.")
  private double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      defaultValue = "1",
      description = "Makes tokens of prompt and answer less probable: above 1.")
  private double repetition;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description = "Taken from a token's logit for each time that it stands in the answer.")
  private double frequency;

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description = "Taken from a token's logit once if it stands in the answer.")
  private double presence;

  @Option(
      names = "--logit-bias",
      split = ",",
      paramLabel = "ID=X",
      description = "Added to the logits of tokens, from -100 to 100.")
  private Map<Integer, Double> bias = Map.of();

  @Option(names = "--seed", paramLabel = "N", description = "Fixes what is drawn.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--stop-token",
      split = ",",
      paramLabel = "ID",
      description = "Token that ends the answer, beside the model's own.")
  private Set<Integer> stopTokens = Set.of();

  @Option(names = "--ignore-eos", description = "Go on behind the model's end-of-sequence tokens.")
  private boolean ignoreEos;

  @Option(
      names = "--min-tokens",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tokens that come before the answer may end.")
  private int minTokens;

  Sampling sampling() {
    return Sampling.greedy()
        .withTemperature(temperature)
        .withTruncation(new Truncation(topK, topP, minP))
        .withPenalties(new Penalties(repetition, frequency, presence))
        .withLogitBias(bias)
        .withSeed(seed.map(OptionalLong::of).orElse(OptionalLong.empty()))
        .withEnding(new Ending(stopTokens, ignoreEos, minTokens));
  }
}
