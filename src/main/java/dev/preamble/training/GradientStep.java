package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.RunOptions;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Loss and gradient of a prompt on a batch: one run of the differentiated graph. */
public final class GradientStep implements AutoCloseable {
  private final FrozenModel model;
  private final Session session;
  private final RunOptions options = new RunOptions();
  private final Tensor prompt;
  private final int virtualTokens;

  /**
   * What a batch says of a prompt.
   *
   * @param loss mean cross-entropy in nats over all completion tokens of the batch
   * @param gradient d(loss)/d(rows), float [virtualTokens, hidden]
   * @param labels completion tokens of the batch
   */
  public record Result(float loss, float[] gradient, int labels) {}

  /** A step for prompts of {@code virtualTokens} rows, computed by {@code threads} threads. */
  public GradientStep(FrozenModel model, int virtualTokens, int threads) {
    checkFits(model, virtualTokens);
    this.model = model;
    this.virtualTokens = virtualTokens;
    Graph graph = PackedGraph.training(model.graph());
    session = model.session(graph, sessionOptions(threads));
    prompt = Tensor.allocate(ElementType.FLOAT32, virtualTokens, model.manifest().hiddenSize());
  }

  /** Refuses prompts that leave no position for a text. */
  static void checkFits(FrozenModel model, int virtualTokens) {
    int positions = model.manifest().contextLength();
    if (virtualTokens < 1 || virtualTokens > positions - 2) {
      throw new TrainingException(
          "virtual tokens: expected 1 to %d, for the model has %d positions; found %d"
              .formatted(positions - 2, positions, virtualTokens));
    }
  }

  /** Shapes change with every batch: a planned memory pattern would be planned again each time. */
  static SessionOptions sessionOptions(int threads) {
    return SessionOptions.defaults().withThreads(threads).withMemoryPattern(false);
  }

  /**
   * Runs one step.
   *
   * @param rows the prompt, float [virtualTokens, hidden]
   * @param batch the rows of data
   * @throws TrainingException if the loss or a gradient is no number
   */
  public Result run(float[] rows, List<Example> batch) {
    MemorySegment.copy(rows, 0, prompt.data(), ValueLayout.JAVA_FLOAT, 0, rows.length);
    try (PackedBatch packed =
        new PackedBatch(batch, virtualTokens, model.embeddings(), PackedBatch.Wanted.COMPLETION)) {
      packed.inputs().put(PackedGraph.PROMPT, prompt);
      Map<String, Tensor> outputs =
          session.run(
              packed.inputs(), Set.of(PackedGraph.LOSS, PackedGraph.PROMPT_GRADIENT), options);
      packed.inputs().remove(PackedGraph.PROMPT);
      try {
        float loss = outputs.get(PackedGraph.LOSS).toFloats()[0];
        float[] gradient = outputs.get(PackedGraph.PROMPT_GRADIENT).toFloats();
        return new Result(loss, gradient, packed.labels());
      } finally {
        outputs.values().forEach(Tensor::close);
      }
    }
  }

  @Override
  public void close() {
    session.close();
    options.close();
    prompt.close();
  }
}
