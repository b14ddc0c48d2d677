package dev.preamble.training.method;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.Cpt;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * CPT: the context's embeddings, frozen, and how far each is moved. A row of the move is held
 * within its bound; rows of labels are not moved at all. Formulas as in PEFT 0.21's {@code
 * CPTEmbedding}.
 */
final class MovedContext implements LearningMethod {
  private static final String DELTA = "delta_embedding.weight";

  private final FrozenModel model;
  private final CptConfig config;
  private final int hidden;

  MovedContext(FrozenModel model, CptConfig config) {
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
    int[] tokens = config.tokens().stream().mapToInt(Integer::intValue).toArray();
    float[] rows = model.embeddings().rows(tokens);
    return Parameters.of(
        Parameter.frozen(Inputs.EMBEDDING, rows, virtualTokens(), hidden),
        Parameter.trained(DELTA, new float[rows.length], virtualTokens(), hidden));
  }

  /** Rows beyond their bound are scaled back to it. */
  @Override
  public void constrain(Parameters parameters) {
    float[] delta = parameters.values(DELTA);
    for (int row = 0; row < virtualTokens(); row++) {
      double squares = 0;
      for (int i = row * hidden; i < (row + 1) * hidden; i++) {
        squares += (double) delta[i] * delta[i];
      }
      float norm = (float) Math.sqrt(squares);
      float bound = bound(config.types().get(row));
      if (norm > bound) {
        for (int i = row * hidden; i < (row + 1) * hidden; i++) {
          delta[i] *= bound / norm;
        }
      }
    }
  }

  /** The longest move of a row of {@code type}; 0 for what is not moved. */
  private float bound(int type) {
    float unit = (float) Math.sqrt((float) hidden / 2048);
    return switch (type % 4) {
      case 1, 3 -> (float) config.formatEpsilon() * unit;
      case 2 -> (float) config.epsilon() * unit;
      default -> 0;
    };
  }

  /**
   * The context's labels. With a decay those of the last example count the decay, those of the one
   * before it the decay's square, and so on; the row's own labels count 1.
   */
  @Override
  public PromptLabels promptLabels() {
    List<Integer> asked = new ArrayList<>();
    for (int i = 1; i < virtualTokens(); i++) {
      if (labelled(i)) {
        asked.add(i);
      }
    }
    List<Integer> groups =
        asked.stream()
            .map(config.types()::get)
            .distinct()
            .sorted(Comparator.reverseOrder())
            .toList();
    int[] positions = asked.stream().mapToInt(Integer::intValue).toArray();
    int[] tokens = new int[positions.length];
    float[] weights = new float[positions.length];
    for (int i = 0; i < positions.length; i++) {
      tokens[i] = config.tokens().get(positions[i]);
      int distance = 1 + groups.indexOf(config.types().get(positions[i]));
      weights[i] = (float) Math.pow(config.lossDecay().orElse(1.0), distance);
    }
    return new PromptLabels(positions, tokens, weights);
  }

  private boolean labelled(int position) {
    int type = config.types().get(position);
    return type > 0 && type % 4 == 0;
  }

  @Override
  public PackedEntry build(GraphEditor editor) {
    Inputs inputs = new Inputs(editor);
    Ops ops = new Ops(editor);
    Value rows = inputs.frozen(Inputs.EMBEDDING, virtualTokens(), hidden);
    Value delta = inputs.trained(DELTA, virtualTokens(), hidden);
    Value moved = ops.mul(delta, editor.constant(movable()));
    return new PackedEntry(kind(), ops.add(rows, moved), inputs.trained());
  }

  /** 1 for rows that may be moved, 0 for the others, [tokens, 1]: no gradient reaches those. */
  private Constant movable() {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(4, virtualTokens())).order(ByteOrder.LITTLE_ENDIAN);
    config.types().forEach(type -> bytes.putFloat(bound(type) > 0 ? 1 : 0));
    return new Constant(
        "movable",
        DataType.FLOAT,
        List.of((long) virtualTokens(), 1L),
        new Constant.Inline(bytes.array()));
  }

  @Override
  public Adapter adapter(Parameters parameters) {
    Parameters kept = parameters.copy();
    constrain(kept);
    float[] rows = kept.values(Inputs.EMBEDDING);
    float[] delta = kept.values(DELTA);
    for (int i = 0; i < rows.length; i++) {
      rows[i] += delta[i];
    }
    return Cpt.of(
        Cpt.of(
            config.tokens(),
            config.types(),
            config.lossDecay(),
            config.epsilon(),
            config.formatEpsilon()),
        model.baseModel(),
        rows);
  }
}
