package dev.preamble.model;

import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.TensorView;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whether the graph's weights are the checkpoint's: a weight that a file of weights has by the same
 * name lies there at the same place, with the same type and shape. A checkpoint that was replaced
 * by another of the same size is found out so, before it computes nonsense.
 */
final class CheckpointNames {
  private static final Map<DataType, Dtype> TYPES =
      Map.of(
          DataType.FLOAT, Dtype.F32,
          DataType.FLOAT16, Dtype.F16,
          DataType.BFLOAT16, Dtype.BF16,
          DataType.INT8, Dtype.I8,
          DataType.UINT8, Dtype.U8,
          DataType.INT32, Dtype.I32,
          DataType.INT64, Dtype.I64);

  private CheckpointNames() {}

  /**
   * Compares the weights of {@code graph} with the headers of those files in {@code folder} that
   * the manifest lists.
   *
   * @throws ModelException if one is of another type or shape, or at another place
   */
  static void check(Graph graph, Manifest manifest, Path folder) {
    Set<String> listed =
        manifest.weights().files().stream()
            .map(Manifest.WeightFile::file)
            .filter(name -> name.endsWith(".safetensors"))
            .collect(Collectors.toSet());
    Map<String, SafetensorsFile> files = new HashMap<>();
    try {
      for (Constant constant : graph.constants().values()) {
        if (constant.data() instanceof Constant.External external
            && listed.contains(external.location())) {
          SafetensorsFile file =
              files.computeIfAbsent(
                  external.location(), name -> SafetensorsFile.open(folder.resolve(name)));
          file.find(constant.name()).ifPresent(stored -> check(constant, external, file, stored));
        }
      }
    } finally {
      files.values().forEach(SafetensorsFile::close);
    }
  }

  private static void check(
      Constant constant, Constant.External external, SafetensorsFile file, TensorView stored) {
    boolean typed =
        Optional.ofNullable(TYPES.get(constant.type())).filter(stored.dtype()::equals).isPresent();
    long offset = file.offset(stored);
    if (!typed || !constant.dimensions().equals(stored.shape()) || external.offset() != offset) {
      throw new ModelException(
          "%s: tensor %s: the graph says %s %s at byte %,d, the file %s %s at byte %,d; this is not the checkpoint that was exported: export the model again"
              .formatted(
                  file.path(),
                  constant.name(),
                  constant.type(),
                  constant.dimensions(),
                  external.offset(),
                  stored.dtype(),
                  stored.shape(),
                  offset));
    }
  }
}
