package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.Cartridge;
import dev.preamble.training.Initialisation;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.PromptStates;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** A cartridge: keys and values of leading positions that stay, and of others that are learned. */
final class TrainedCache implements LearningMethod {
  private static final String FROZEN = "frozen_embedding";
  private static final String TRAINED = "trainable_embedding";

  private final FrozenModel model;
  private final CartridgeConfig config;
  private final int width;

  TrainedCache(FrozenModel model, CartridgeConfig config) {
    this.model = model;
    this.config = config;
    this.width = PromptStates.width(model);
  }

  @Override
  public int virtualTokens() {
    return config.virtualTokens();
  }

  private int trained() {
    return config.virtualTokens() - config.frozenTokens();
  }

  @Override
  public PackedEntry.Kind kind() {
    return PackedEntry.Kind.PREFIX;
  }

  @Override
  public Parameters initial(Optional<LabelWords> labels, RandomGenerator random) {
    float[] states =
        config
            .initialisation()
            .states(new Initialisation.Start(virtualTokens(), model, labels, random));
    int frozen = Math.multiplyExact(config.frozenTokens(), width);
    List<Parameter> parameters = new ArrayList<>();
    if (frozen > 0) {
      parameters.add(
          Parameter.frozen(FROZEN, Arrays.copyOf(states, frozen), config.frozenTokens(), width));
    }
    parameters.add(
        Parameter.trained(
            TRAINED, Arrays.copyOfRange(states, frozen, states.length), trained(), width));
    return new Parameters(parameters);
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Inputs inputs = new Inputs(editor);
    Value trained = inputs.trained(TRAINED, trained(), width);
    Value all =
        config.frozenTokens() == 0
            ? trained
            : new Ops(editor)
                .concat(0, inputs.frozen(FROZEN, config.frozenTokens(), width), trained);
    return new PackedEntry(kind(), all, inputs.trained());
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    float[] values = new float[Math.multiplyExact(virtualTokens(), width)];
    int frozen = config.frozenTokens() * width;
    if (frozen > 0) {
      System.arraycopy(parameters.values(FROZEN), 0, values, 0, frozen);
    }
    System.arraycopy(parameters.values(TRAINED), 0, values, frozen, values.length - frozen);
    return Cartridge.of(model.baseModel(), virtualTokens(), config.frozenTokens(), values);
  }
}
