package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.PTuning;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** P-tuning: rows from the standard normal distribution, and the encoder that they go through. */
final class EncodedRows implements LearningMethod {
  private final FrozenModel model;
  private final PTuningConfig config;
  private final int hidden;
  private final int width;
  private final List<Linear> head;

  EncodedRows(FrozenModel model, PTuningConfig config) {
    this.model = model;
    this.config = config;
    this.hidden = model.manifest().hiddenSize();
    this.width = config.width(model);
    this.head =
        switch (config.encoder()) {
          case MLP ->
              List.of(
                  new Linear("mlp_head.0", hidden, width),
                  new Linear("mlp_head.2", width, width),
                  new Linear("mlp_head.4", width, hidden));
          case LSTM ->
              List.of(
                  new Linear("mlp_head.0", 2 * width, 2 * width),
                  new Linear("mlp_head.2", 2 * width, hidden));
        };
  }

  @Override
  public int virtualTokens() {
    return config.virtualTokens();
  }

  @Override
  public PackedEntry.Kind kind() {
    return PackedEntry.Kind.ROWS;
  }

  private Optional<Lstm> lstm() {
    return config.encoder() == PTuningConfig.Encoder.LSTM
        ? Optional.of(
            new Lstm(
                "lstm_head",
                virtualTokens(),
                hidden,
                width,
                config.encoderLayers(),
                config.encoderDropout()))
        : Optional.empty();
  }

  @Override
  public Parameters initial(Optional<LabelWords> labels, RandomGenerator random) {
    List<Parameter> parameters = new ArrayList<>();
    float[] rows = Draws.normal(random, Math.multiplyExact(virtualTokens(), hidden), 1);
    parameters.add(Parameter.trained(Inputs.EMBEDDING, rows, virtualTokens(), hidden));
    lstm().ifPresent(lstm -> parameters.addAll(lstm.initial(random)));
    head.forEach(linear -> parameters.addAll(linear.initial(random)));
    return new Parameters(parameters);
  }

  @Override
  public Parameters noise(Optional<RandomGenerator> random) {
    return new Parameters(lstm().map(lstm -> lstm.masks(random)).orElse(List.of()));
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Ops ops = new Ops(editor);
    Inputs inputs = new Inputs(editor);
    Value rows = inputs.trained(Inputs.EMBEDDING, virtualTokens(), hidden);
    Value x = lstm().map(lstm -> lstm.apply(ops, inputs, rows)).orElse(rows);
    for (int i = 0; i < head.size(); i++) {
      x = head.get(i).apply(ops, inputs, i == 0 ? x : ops.unary("Relu", x));
    }
    return new PackedEntry(kind(), x, inputs.trained());
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    float[] rows = EncoderOutput.of(this, parameters);
    return switch (config.encoder()) {
      case MLP -> PTuning.of(PTuning.mlp(width), model.baseModel(), virtualTokens(), rows);
      case LSTM ->
          PTuning.of(
              PTuning.lstm(width, config.encoderLayers(), config.encoderDropout()),
              model.baseModel(),
              virtualTokens(),
              rows);
    };
  }
}
