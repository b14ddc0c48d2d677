package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Loss and gradient of prompt rows by the training graph of any form of a model's graph. */
final class GraphRun {
  private static final String ROWS = "rows";
  private static final int THREADS = 2;

  private GraphRun() {}

  /** What one run gives. */
  record Result(float loss, float[] gradient) {}

  /** One run with {@code exported} in the place of the model's own graph. */
  static Result of(FrozenModel model, Graph exported, float[] rows, List<Example> batch) {
    int width = model.manifest().hiddenSize();
    int virtualTokens = rows.length / width;
    Front front = Front.of(PackedEntry.Kind.ROWS, virtualTokens);
    int labels = PackedBatch.labels(batch, front);
    Graph graph =
        PackedGraph.training(
            exported,
            editor -> {
              Value trainable = editor.input(ROWS, DataType.FLOAT, "P", width);
              return new PackedEntry(PackedEntry.Kind.ROWS, trainable, List.of(trainable));
            });
    try (Session session = model.session(graph, GradientStep.sessionOptions(THREADS));
        Tensor prompt = Tensor.floats(rows, virtualTokens, width);
        PackedBatch packed = new PackedBatch(model.embeddings())) {
      Map<String, Tensor> inputs = new HashMap<>(packed.pack(batch, front, labels));
      inputs.put(ROWS, prompt);
      Map<String, Tensor> outputs = session.run(inputs);
      try {
        return new Result(
            outputs.get(PackedGraph.LOSS).toFloats()[0],
            outputs.get(PackedGraph.gradient(ROWS)).toFloats());
      } finally {
        outputs.values().forEach(Tensor::close);
      }
    }
  }
}
