package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.BaseModel;
import dev.preamble.training.Initialisation;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.PromptStates;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Prompt tuning, and prefix tuning without a projection: what enters the model is the parameter.
 *
 * @param model the frozen model
 * @param kind whether it enters as rows or as keys and values
 * @param virtualTokens its positions
 * @param initialisation what it starts from
 * @param writing how PEFT saves it
 */
record LearnedEntry(
    FrozenModel model,
    PackedEntry.Kind kind,
    int virtualTokens,
    Initialisation initialisation,
    Writing writing)
    implements LearningMethod {

  /** Makes an adapter of {@code base} of values [virtual tokens, width]. */
  @FunctionalInterface
  interface Writing {
    Adapter of(BaseModel base, int virtualTokens, float[] values);
  }

  private int width() {
    return switch (kind) {
      case ROWS -> model.manifest().hiddenSize();
      case PREFIX -> PromptStates.width(model);
    };
  }

  @Override
  public Parameters initial(Optional<LabelWords> labels, RandomGenerator random) {
    Initialisation.Start start = new Initialisation.Start(virtualTokens, model, labels, random);
    float[] values =
        switch (kind) {
          case ROWS -> initialisation.rows(start);
          case PREFIX -> initialisation.states(start);
        };
    return Parameters.of(Parameter.trained(Inputs.EMBEDDING, values, virtualTokens, width()));
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Inputs inputs = new Inputs(editor);
    return new PackedEntry(
        kind, inputs.trained(Inputs.EMBEDDING, Inputs.P, width()), inputs.trained());
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    return writing.of(model.baseModel(), virtualTokens, parameters.values(Inputs.EMBEDDING));
  }
}
