package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.MultitaskPromptTuning;
import dev.preamble.training.Initialisation;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/**
 * Multitask prompt tuning: P[t] = W * (cols[t] @ rows[t]). The graph gives one task's prompt, the
 * input {@link LearningMethod#TASK} says which; a batch is cut by task.
 */
final class SharedRows implements LearningMethod {
  private static final String COLUMNS = "prefix_task_cols";
  private static final String ROWS = "prefix_task_rows";
  private static final double DEVIATION = 0.02;

  private final FrozenModel model;
  private final MultitaskPromptTuningConfig config;
  private final int hidden;

  SharedRows(FrozenModel model, MultitaskPromptTuningConfig config) {
    this.model = model;
    this.config = config;
    this.hidden = model.manifest().hiddenSize();
  }

  @Override
  public int virtualTokens() {
    return config.virtualTokens();
  }

  @Override
  public int tasks() {
    return config.tasks();
  }

  @Override
  public PackedEntry.Kind kind() {
    return PackedEntry.Kind.ROWS;
  }

  @Override
  public Parameters initial(Optional<LabelWords> labels, RandomGenerator random) {
    if (config.initialisation() instanceof Initialisation.Learned learned
        && config.factors().isLearned()) {
      return learned(learned);
    }
    float[] shared =
        config
            .initialisation()
            .rows(new Initialisation.Start(virtualTokens(), model, labels, random));
    int ranks = config.ranks();
    float[] columns = factor(random, Math.multiplyExact(tasks() * virtualTokens(), ranks));
    float[] rows = factor(random, Math.multiplyExact(tasks() * ranks, hidden));
    if (config.factors() == MultitaskPromptTuningConfig.Factors.ONES) {
      for (int i = 0; i < columns.length; i += ranks) {
        columns[i] = 1;
      }
      for (int i = 0; i < rows.length; i++) {
        rows[i] = i / hidden % ranks == 0 ? 1 : rows[i];
      }
    }
    return parameters(columns, rows, shared);
  }

  /** The shared rows of another adapter, and for every task the factors that it gives. */
  private Parameters learned(Initialisation.Learned from) {
    boolean average = config.factors() == MultitaskPromptTuningConfig.Factors.AVERAGE;
    LearnedFactors source = new LearnedFactors(from.adapter());
    OptionalInt task = average ? OptionalInt.empty() : OptionalInt.of(from.task());
    return parameters(
        source.factor(COLUMNS, task, tasks(), virtualTokens(), config.ranks()),
        source.factor(ROWS, task, tasks(), config.ranks(), hidden),
        source.shared(virtualTokens(), hidden));
  }

  private Parameters parameters(float[] columns, float[] rows, float[] shared) {
    return Parameters.of(
        Parameter.trained(COLUMNS, columns, tasks(), virtualTokens(), config.ranks()),
        Parameter.trained(ROWS, rows, tasks(), config.ranks(), hidden),
        Parameter.trained(Inputs.EMBEDDING, shared, virtualTokens(), hidden));
  }

  private static float[] factor(RandomGenerator random, int count) {
    return Draws.normal(random, count, DEVIATION);
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Ops ops = new Ops(editor);
    Inputs inputs = new Inputs(editor);
    int ranks = config.ranks();
    Value columns = inputs.trained(COLUMNS, tasks(), virtualTokens(), ranks);
    Value rows = inputs.trained(ROWS, tasks(), ranks, hidden);
    Value shared = inputs.trained(Inputs.EMBEDDING, virtualTokens(), hidden);
    if (tasks() > 1) {
      Value task = editor.input(TASK, DataType.INT64, 1);
      columns = ops.gather(columns, task, 0);
      rows = ops.gather(rows, task, 0);
    }
    Value product =
        ops.matMul(
            ops.reshape(columns, Shape.of(virtualTokens(), ranks), virtualTokens(), ranks),
            ops.reshape(rows, Shape.of(ranks, hidden), ranks, hidden));
    return new PackedEntry(kind(), ops.mul(shared, product), inputs.trained());
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    return MultitaskPromptTuning.of(
        model.baseModel(),
        virtualTokens(),
        tasks(),
        config.ranks(),
        parameters.values(Inputs.EMBEDDING),
        parameters.values(COLUMNS),
        parameters.values(ROWS));
  }
}
