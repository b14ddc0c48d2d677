package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.TrainingException;
import java.util.OptionalInt;

/**
 * P-tuning (Liu et al. 2021): rows in front of the token embeddings, given by an encoder that is
 * learned and then dropped.
 *
 * <p>Measured on the ten-intent task of {@code quickstart} (stories15M, 500 rows, two epochs, 16
 * virtual tokens, one seed; 46 % without an adapter): an MLP of width 288 86, 85, 80 and 82 % at
 * rates of 0.0005, 0.001, 0.002 and 0.003; an LSTM of width 144 88, 85 and 88 % at 0.0005, 0.001
 * and 0.003. Four epochs give both 91 % at 0.001.
 *
 * @param virtualTokens number of rows ({@code --virtual-tokens})
 * @param encoder what gives them ({@code --encoder MLP|LSTM})
 * @param encoderHidden width inside the encoder, a direction of the LSTM ({@code
 *     --encoder-hidden}); the model's hidden size when empty, as in PEFT
 * @param encoderLayers layers of the LSTM ({@code --encoder-layers}); the MLP has three always
 * @param encoderDropout dropout between the LSTM's layers while training ({@code
 *     --encoder-dropout}), 0 for none
 */
public record PTuningConfig(
    int virtualTokens,
    Encoder encoder,
    OptionalInt encoderHidden,
    int encoderLayers,
    double encoderDropout)
    implements MethodConfig {
  /** {@code --method p-tuning}. */
  public static final String NAME = "p-tuning";

  /** What turns learned rows into those that the model reads. */
  public enum Encoder {
    /** Three linear layers with ReLU between them, each row for itself. */
    MLP,
    /** A bidirectional LSTM over the rows, then two linear layers with ReLU between them. */
    LSTM
  }

  /** Refuses sizes below 1. */
  public PTuningConfig {
    Settings.atLeastOne("virtual tokens", virtualTokens);
    Settings.atLeastOne("encoder layers", encoderLayers);
    encoderHidden.ifPresent(width -> Settings.atLeastOne("encoder hidden", width));
    if (!(encoderDropout >= 0 && encoderDropout < 1)) {
      throw new TrainingException(
          "encoder dropout: expected a share from 0 to below 1, found " + encoderDropout);
    }
    if (encoderDropout > 0 && (encoder != Encoder.LSTM || encoderLayers < 2)) {
      throw new TrainingException(
          "encoder dropout: expected an LSTM of two layers or more, between which it drops; found %s of %d"
              .formatted(encoder, encoderLayers));
    }
  }

  /** An encoder without dropout. */
  public PTuningConfig(
      int virtualTokens, Encoder encoder, OptionalInt encoderHidden, int encoderLayers) {
    this(virtualTokens, encoder, encoderHidden, encoderLayers, 0);
  }

  /** PEFT's defaults, which learn: an MLP as wide as the model. */
  public static PTuningConfig defaults(int virtualTokens) {
    return new PTuningConfig(virtualTokens, Encoder.MLP, OptionalInt.empty(), 2);
  }

  /** The width inside the encoder before {@code model}. */
  public int width(FrozenModel model) {
    return encoderHidden.orElse(model.manifest().hiddenSize());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public double learningRate() {
    return 0.001;
  }

  @Override
  public LearningMethod method(FrozenModel model) {
    return new EncodedRows(model, this);
  }
}
