package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.PrefixTuning;
import dev.preamble.training.Initialisation;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.PromptStates;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Prefix tuning without a projection: keys and values are the parameter. */
final class PlainPrefix implements LearningMethod {
  private final FrozenModel model;
  private final PrefixTuningConfig config;
  private final int width;

  PlainPrefix(FrozenModel model, PrefixTuningConfig config) {
    this.model = model;
    this.config = config;
    this.width = PromptStates.width(model);
  }

  @Override
  public int virtualTokens() {
    return config.virtualTokens();
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
    return Parameters.of(Parameter.trained(Inputs.EMBEDDING, states, virtualTokens(), width));
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Inputs inputs = new Inputs(editor);
    return new PackedEntry(
        kind(), inputs.trained(Inputs.EMBEDDING, Inputs.P, width), inputs.trained());
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    return PrefixTuning.of(model.baseModel(), virtualTokens(), parameters.values(Inputs.EMBEDDING));
  }
}
