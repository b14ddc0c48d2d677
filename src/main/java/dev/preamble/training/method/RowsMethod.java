package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.PromptTuning;
import dev.preamble.training.Initialisation;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Prompt tuning: the rows are the parameter. */
final class RowsMethod implements LearningMethod {
  private final FrozenModel model;
  private final PromptTuningConfig config;
  private final int hidden;

  RowsMethod(FrozenModel model, PromptTuningConfig config) {
    this.model = model;
    this.config = config;
    this.hidden = model.manifest().hiddenSize();
  }

  @Override
  public int virtualTokens() {
    return config.virtualTokens();
  }

  @Override
  public PackedEntry.Kind kind() {
    return PackedEntry.Kind.ROWS;
  }

  @Override
  public Parameters initial(Optional<LabelWords> labels, RandomGenerator random) {
    float[] rows =
        config
            .initialisation()
            .rows(new Initialisation.Start(virtualTokens(), model, labels, random));
    return Parameters.of(Parameter.trained(Inputs.EMBEDDING, rows, virtualTokens(), hidden));
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Inputs inputs = new Inputs(editor);
    return new PackedEntry(
        kind(), inputs.trained(Inputs.EMBEDDING, Inputs.P, hidden), inputs.trained());
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    return PromptTuning.of(model.baseModel(), virtualTokens(), parameters.values(Inputs.EMBEDDING));
  }
}
