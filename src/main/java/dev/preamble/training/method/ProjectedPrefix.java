package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.PrefixTuning;
import dev.preamble.training.Initialisation;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.PromptStates;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Prefix tuning through a projection: rows, a linear layer, tanh, and a linear layer. */
final class ProjectedPrefix implements LearningMethod {
  private final FrozenModel model;
  private final PrefixTuningConfig config;
  private final int rowWidth;
  private final int hidden;
  private final Linear first;
  private final Linear second;

  ProjectedPrefix(FrozenModel model, PrefixTuningConfig config) {
    this.model = model;
    this.config = config;
    this.rowWidth = model.baseModel().shape().keyValueWidth();
    this.hidden = config.width(model);
    this.first = new Linear("transform.0", rowWidth, hidden);
    this.second = new Linear("transform.2", hidden, PromptStates.width(model));
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
    List<Parameter> parameters = new ArrayList<>();
    float[] rows = Draws.normal(random, Math.multiplyExact(virtualTokens(), rowWidth), 1);
    parameters.add(Parameter.trained(Inputs.EMBEDDING, rows, virtualTokens(), rowWidth));
    parameters.addAll(first.initial(random));
    boolean zero = config.initialisation() instanceof Initialisation.Zero;
    parameters.addAll(zero ? second.zero() : second.initial(random));
    return new Parameters(parameters);
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Ops ops = new Ops(editor);
    Inputs inputs = new Inputs(editor);
    Value rows = inputs.trained(Inputs.EMBEDDING, Inputs.P, rowWidth);
    Value inside = ops.unary("Tanh", first.apply(ops, inputs, rows));
    return new PackedEntry(kind(), second.apply(ops, inputs, inside), inputs.trained());
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    return PrefixTuning.projected(
        model.baseModel(), virtualTokens(), hidden, EncoderOutput.of(this, parameters));
  }
}
