package dev.preamble.model;

import dev.preamble.WholeFile;
import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Node;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.TensorView;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A model's weights, once for all sessions: those that the graph uses as they are stored stay in
 * their files, which every session maps; half-precision ones that it uses as float32 are widened
 * once, when the model is opened, and handed to each session from memory.
 */
final class MappedWeights implements AutoCloseable {
  /** What stands, in front of a weight's name, for a file's name once the values are in memory. */
  private static final String IN_MEMORY = "in-memory:";

  /** Values in memory, or some slices of them, and what they are the elements of. */
  private record Place(Constant.External values, List<Long> dimensions) {}

  private final Path folder;
  private final Arena arena = Arena.ofShared();
  private final Map<String, MemorySegment> files = new HashMap<>();
  private final WeightPlaces places;
  private final Map<String, MemorySegment> inMemory = new HashMap<>();
  private final Map<Place, Tensor> tensors = new ConcurrentHashMap<>();
  private final Map<Constant.External, MemorySegment> widened = new HashMap<>();
  private final Manifest.Embedding embedding;
  private Optional<MemorySegment> widenedEmbedding = Optional.empty();
  private Optional<SafetensorsFile> embeddingFile = Optional.empty();
  private Optional<TableFile> tableFile = Optional.empty();

  private MappedWeights(Path folder, Manifest manifest) {
    this.folder = folder;
    this.embedding = manifest.embedding();
    try {
      manifest.weights().files().forEach(file -> files.put(file.file(), map(file)));
      this.places = WeightPlaces.of(folder, files.keySet());
    } catch (RuntimeException fault) {
      arena.close();
      throw fault;
    }
  }

  /**
   * Maps the files that {@code manifest} lists.
   *
   * @throws ModelException if one is missing or has another size than the manifest says
   */
  static MappedWeights map(Path folder, Manifest manifest) {
    return new MappedWeights(folder, manifest);
  }

  private MemorySegment map(Manifest.WeightFile expected) {
    Path file = folder.resolve(expected.file());
    if (!file.normalize().getParent().equals(folder.normalize()) || !Files.isRegularFile(file)) {
      throw new ModelException(
          "%s: expected a file of weights in the model's folder, found none".formatted(file));
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() != expected.bytes()) {
        throw new ModelException(
            "%s: expected %,d bytes as %s says, found %,d; fetch the file again or export again"
                .formatted(file, expected.bytes(), Manifest.FILE, channel.size()));
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (IOException fault) {
      throw new ModelException(file + ": cannot be read: " + WholeFile.reason(fault), fault);
    }
  }

  /**
   * The graph in which each half-precision weight with its Cast has become a float32 weight, and
   * each other one names its file as {@link #options} has it looked for.
   */
  Graph bind(Graph graph) {
    GraphEditor editor = new GraphEditor(graph);
    for (Node node : graph.nodesOf("Cast")) {
      Constant constant = graph.constants().get(node.input(0));
      if (constant != null
          && constant.data() instanceof Constant.External external
          && node.integer("to", 0) == DataType.FLOAT.code()) {
        MemorySegment values = widened.computeIfAbsent(external, key -> widen(constant, external));
        if (external.location().equals(embedding.file())
            && constant.name().equals(embedding.tensor())) {
          widenedEmbedding = Optional.of(values);
        }
        editor.remove(node);
        String location = IN_MEMORY + node.output(0);
        editor.constant(
            new Constant(
                node.output(0),
                DataType.FLOAT,
                constant.dimensions(),
                new Constant.External(location, 0, values.byteSize())));
        inMemory.put(location, values);
      }
    }
    Graph edited = editor.finish(graph.outputs(), names(graph));
    Map<String, Constant> constants = new HashMap<>(edited.constants());
    constants.replaceAll((name, constant) -> place(constant));
    return new Graph(
        edited.inputs(),
        edited.outputs(),
        edited.nodes(),
        constants,
        edited.values(),
        edited.opsets());
  }

  /** The same constant, its file named from the folder that a session is given. */
  private Constant place(Constant constant) {
    if (!(constant.data() instanceof Constant.External external) || isInMemory(external)) {
      return constant;
    }
    slice(external);
    return new Constant(
        constant.name(),
        constant.type(),
        constant.dimensions(),
        new Constant.External(
            places.location(external.location()), external.offset(), external.length()));
  }

  /** The options of a session that runs a graph made from the bound one. */
  SessionOptions options(SessionOptions options) {
    return options.withWeightFolder(places.folder());
  }

  /** The weights that {@code graph}, made from the bound one, takes from memory, by name. */
  Map<String, Tensor> inMemory(Graph graph) {
    Map<String, Tensor> used = new LinkedHashMap<>();
    for (Constant constant : graph.constants().values()) {
      if (constant.data() instanceof Constant.External external && isInMemory(external)) {
        used.put(
            constant.name(),
            tensors.computeIfAbsent(new Place(external, constant.dimensions()), this::tensor));
      }
    }
    return used;
  }

  private boolean isInMemory(Constant.External external) {
    return inMemory.containsKey(external.location());
  }

  private Tensor tensor(Place place) {
    Constant.External values = place.values();
    return Tensor.of(
        ElementType.FLOAT32,
        place.dimensions().stream().mapToLong(Long::longValue).toArray(),
        inMemory.get(values.location()).asSlice(values.offset(), values.length()));
  }

  /** The embedding table, from the widened values where the graph has them. */
  EmbeddingTable embeddings() {
    embeddingFile = Optional.of(SafetensorsFile.open(folder.resolve(embedding.file())));
    TensorView tensor = embeddingFile.get().tensor(embedding.tensor());
    if (!tensor.shape().equals(embedding.shape())) {
      throw new ModelException(
          "%s: tensor %s: expected shape %s as %s says, found %s"
              .formatted(
                  folder.resolve(embedding.file()),
                  embedding.tensor(),
                  embedding.shape(),
                  Manifest.FILE,
                  tensor.shape()));
    }
    return new EmbeddingTable(rows(embeddingFile.get(), tensor), tensor.shape(), embedding.scale());
  }

  private EmbeddingTable.Rows rows(SafetensorsFile file, TensorView stored) {
    if (widenedEmbedding.isEmpty() && stored.data().byteSize() > TableFile.WORTH) {
      TableFile table = TableFile.open(file, stored);
      tableFile = Optional.of(table);
      return table;
    }
    TensorView table =
        widenedEmbedding
            .map(values -> new TensorView(stored.name(), Dtype.F32, stored.shape(), values))
            .orElse(stored);
    long width = stored.shape().getLast();
    return (index, destination, offset) ->
        table.copyFloats(index * width, destination, offset, width);
  }

  private MemorySegment widen(Constant constant, Constant.External external) {
    Dtype dtype =
        switch (constant.type()) {
          case FLOAT16 -> Dtype.F16;
          case BFLOAT16 -> Dtype.BF16;
          default ->
              throw new ModelException(
                  "weight %s: expected FLOAT16 or BFLOAT16 behind a Cast, found %s"
                      .formatted(constant.name(), constant.type()));
        };
    long count = elements(constant);
    MemorySegment values = arena.allocate(Math.multiplyExact(4, count), 64);
    new TensorView(constant.name(), dtype, constant.dimensions(), slice(external))
        .copyFloats(0, values, 0, count);
    return values;
  }

  private MemorySegment slice(Constant.External external) {
    MemorySegment file = files.get(external.location());
    if (file == null
        || external.offset() < 0
        || external.length() < 0
        || external.offset() > file.byteSize() - external.length()) {
      throw new ModelException(
          "%s: the graph asks for bytes %,d to %,d of %s, which %s"
              .formatted(
                  folder,
                  external.offset(),
                  external.offset() + external.length(),
                  external.location(),
                  file == null
                      ? "the manifest does not list"
                      : "has " + file.byteSize() + " bytes; export the model again"));
    }
    return file.asSlice(external.offset(), external.length());
  }

  private static long elements(Constant constant) {
    return constant.dimensions().stream().reduce(1L, Math::multiplyExact);
  }

  private static String[] names(Graph graph) {
    return graph.inputs().stream().map(input -> input.name()).toArray(String[]::new);
  }

  /** Unmaps the files; no session may use the weights any more. */
  @Override
  public void close() {
    tableFile.ifPresent(TableFile::close);
    embeddingFile.ifPresent(SafetensorsFile::close);
    tensors.values().forEach(Tensor::close);
    arena.close();
  }
}
