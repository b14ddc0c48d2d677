package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.Initialisation;
import dev.preamble.training.TrainingException;

/**
 * A cartridge (Eyuboglu et al. 2025): a text's keys and values, the first of them kept as they are
 * and the others trained.
 *
 * <p>Measured on the ten-intent task of {@code quickstart} (stories15M, 500 rows, two epochs, 16
 * virtual tokens from a text, one seed; 46 % without an adapter): 88, 96 and 96 % at rates of 0.01,
 * 0.03 and 0.1.
 *
 * @param virtualTokens positions of the prefix ({@code --virtual-tokens})
 * @param frozenTokens leading positions that stay as they are ({@code --frozen-tokens}): the first
 *     token of a text takes most of the attention, and training it harms
 * @param initialisation what keys and values start from ({@code --init}), a text most often
 */
public record CartridgeConfig(int virtualTokens, int frozenTokens, Initialisation initialisation)
    implements MethodConfig {
  /** {@code --method cartridge}. */
  public static final String NAME = "cartridge";

  /** Refuses a cartridge without anything to train. */
  public CartridgeConfig {
    Settings.atLeastOne("virtual tokens", virtualTokens);
    if (frozenTokens < 0 || frozenTokens >= virtualTokens) {
      throw new TrainingException(
          "frozen tokens: expected 0 to %d, fewer than the virtual tokens; found %d"
              .formatted(virtualTokens - 1, frozenTokens));
    }
  }

  /** The keys and values of {@code text}, the first position frozen. */
  public static CartridgeConfig of(String text, int virtualTokens) {
    return new CartridgeConfig(virtualTokens, 1, new Initialisation.Text(text));
  }

  /** PEFT's defaults: from the standard normal distribution, the first position frozen. */
  public static CartridgeConfig peftDefaults(int virtualTokens) {
    return new CartridgeConfig(virtualTokens, 1, new Initialisation.Random());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public double learningRate() {
    return 0.05;
  }

  @Override
  public LearningMethod method(FrozenModel model) {
    return new TrainedCache(model, this);
  }
}
