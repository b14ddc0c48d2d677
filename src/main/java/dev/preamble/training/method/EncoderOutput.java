package dev.preamble.training.method;

import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.runtime.RunOptions;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import dev.preamble.training.Parameters;
import dev.preamble.training.Parameters.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a method's small graph gives for parameters, without the frozen model behind it. */
final class EncoderOutput {
  /** The operators' versions: those of the exported models' graphs. */
  private static final long OPSET = 18;

  private EncoderOutput() {}

  /** The entry's values, float [virtual tokens, width]. */
  static float[] of(LearningMethod method, Parameters parameters) {
    GraphEditor editor =
        new GraphEditor(
            new Graph(List.of(), List.of(), List.of(), Map.of(), Map.of(), Map.of("", OPSET)));
    PackedEntry entry = method.build(editor);
    String output = entry.values().name();
    Map<String, Tensor> inputs = new HashMap<>();
    try (Session session =
            Session.open(
                GraphWriter.write(editor.finish(List.of(entry.values()))),
                SessionOptions.defaults());
        RunOptions options = new RunOptions()) {
      parameters.all().forEach(each -> put(inputs, each));
      method.noise(Optional.empty()).all().forEach(each -> put(inputs, each));
      try (Tensor values = session.run(inputs, Set.of(output), options).get(output)) {
        return values.toFloats();
      }
    } finally {
      inputs.values().forEach(Tensor::close);
    }
  }

  private static void put(Map<String, Tensor> inputs, Parameter parameter) {
    long[] shape = parameter.shape().stream().mapToLong(Integer::longValue).toArray();
    inputs.put(LearningMethod.input(parameter.name()), Tensor.floats(parameter.values(), shape));
  }
}
