package dev.preamble.model;

import dev.preamble.model.chat.ChatTemplate;
import dev.preamble.model.chat.Conversation;
import dev.preamble.onnx.BlockMaxima;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphReader;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.HalfPrecision;
import dev.preamble.onnx.Node;
import dev.preamble.peft.BaseModel;
import dev.preamble.peft.ModelShape;
import dev.preamble.runtime.Device;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A frozen causal language model in the folder that the exporter left: the graph, its weights
 * mapped once and shared by every session, the embedding table and the tokenizer. On the CPU a
 * model computes in float32, whatever type it was exported in. May be used by several threads;
 * close it after the sessions that were opened with it.
 */
public final class FrozenModel implements AutoCloseable {
  private final Path folder;
  private final Device device;
  private final Manifest manifest;
  private final MappedWeights weights;
  private final Graph graph;
  private final EmbeddingTable embeddings;
  private final Optional<TextTokenizer> tokenizer;
  private final ChatTemplateFiles chatTemplates;

  private FrozenModel(Path folder, Device device, Manifest exported, MappedWeights weights) {
    this.folder = folder;
    this.device = device;
    this.manifest = device.isCpu() ? exported.widened() : exported;
    this.weights = weights;
    this.chatTemplates = ChatTemplateFiles.read(folder);
    CompletableFuture<Optional<TextTokenizer>> reading = readTokenizer();
    try {
      Path file = folder.resolve(exported.graph());
      Graph read = GraphReader.read(file);
      GraphContract.check(read, exported, file);
      CheckpointNames.check(read, exported, folder);
      this.graph = weights.bind(device.isCpu() ? HalfPrecision.widened(read) : read);
      this.embeddings = weights.embeddings();
      this.tokenizer = reading.join();
    } catch (CompletionException fault) {
      throw fault.getCause() instanceof RuntimeException cause ? cause : fault;
    } catch (RuntimeException fault) {
      reading.thenAccept(found -> found.ifPresent(TextTokenizer::close));
      throw fault;
    }
  }

  /** Reads the tokenizer beside the graph: of a small model's opening, it takes half the time. */
  private CompletableFuture<Optional<TextTokenizer>> readTokenizer() {
    return CompletableFuture.supplyAsync(
        () -> manifest.tokenizer().map(name -> TextTokenizer.open(folder.resolve(name))),
        work -> Thread.ofPlatform().daemon().name("preamble-tokenizer").start(work));
  }

  /**
   * Opens the exported model in {@code folder}.
   *
   * @throws ModelException if a file is missing, or graph, weights and manifest do not agree
   */
  public static FrozenModel open(Path folder) {
    return open(folder, Device.CPU);
  }

  /** Opens the exported model in {@code folder}, whose sessions compute on {@code device}. */
  public static FrozenModel open(Path folder, Device device) {
    Manifest manifest = Manifest.read(folder);
    MappedWeights weights = MappedWeights.map(folder, manifest);
    try {
      return new FrozenModel(folder, device, manifest, weights);
    } catch (RuntimeException fault) {
      weights.close();
      throw fault;
    }
  }

  /** The folder that the model was opened from. */
  public Path folder() {
    return folder;
  }

  /** What the exporter says of the model; the type is the one that it computes in here. */
  public Manifest manifest() {
    return manifest;
  }

  /** What identifies the computation: graph and weights, in hexadecimal. */
  public String digest() {
    return manifest.graphSha256() + manifest.baseModel().weightsSha256();
  }

  /** The model as adapters refer to it and must fit it. */
  public BaseModel baseModel() {
    Manifest.KeyValue keyValue = manifest.keyValue().getFirst();
    return new BaseModel(
        manifest.baseModel().name(),
        manifest.baseModel().revision(),
        new ModelShape(
            manifest.hiddenSize(),
            manifest.layers(),
            manifest.attentionHeads(),
            keyValue.heads(),
            keyValue.headSize()));
  }

  /** The exported graph, ready to be run as it is or rebuilt. */
  public Graph graph() {
    return graph;
  }

  /** The exported graph with what finds the most probable tokens beside its logits. */
  public Graph decodingGraph() {
    return BlockMaxima.beside(graph, "logits");
  }

  /** The rows that token ids stand for. */
  public EmbeddingTable embeddings() {
    return embeddings;
  }

  /**
   * The model's tokenizer.
   *
   * @throws ModelException if the model has none
   */
  public TextTokenizer tokenizer() {
    return tokenizer.orElseThrow(
        () ->
            new ModelException(
                folder + ": the model has no tokenizer.json; give token ids instead of text"));
  }

  /**
   * The bytes that each token stands for; read anew by each call.
   *
   * @throws ModelException if the model has no tokenizer, or its tokens do not stand for bytes
   */
  public TokenBytes tokenBytes() {
    tokenizer();
    return TokenBytes.read(
        folder.resolve(manifest.tokenizer().orElseThrow()), manifest.vocabularySize());
  }

  /**
   * The template that turns a conversation into text for this model.
   *
   * @throws ModelException if the model has none
   */
  public ChatTemplate chatTemplate() {
    return chatTemplates.standard();
  }

  /** Whether the model has chat templates. */
  public boolean hasChatTemplate() {
    return !chatTemplates.isEmpty();
  }

  /** As {@link #chatTemplate()}, the one for tools where the model has such and tools are given. */
  public ChatTemplate chatTemplate(Conversation conversation) {
    return chatTemplates.choose(conversation);
  }

  /** A session that runs {@code derived}, made from {@link #graph}, on the shared weights. */
  public Session session(Graph derived, SessionOptions options) {
    requireKernels(derived);
    SessionOptions placed = weights.options(options).withDevice(device);
    return Session.open(GraphWriter.write(derived), placed, weights.inMemory(derived));
  }

  /** What sessions of this model compute on. */
  public Device device() {
    return device;
  }

  /**
   * A sequence that {@code session}, opened with {@link #graph} or {@link #decodingGraph},
   * continues in {@code cache}.
   */
  public CachedSequence sequence(Session session, KeyValueCache cache) {
    return new CachedSequence(session, manifest, embeddings, cache);
  }

  /** Empty slots for many sequences, where {@code session} reads them without copying. */
  public SlotCache slots(Session session, int slots, int capacity) {
    return SlotCache.allocate(manifest, session::allocate, slots, capacity);
  }

  /**
   * A pass of {@code session}, opened with {@link #graph} or {@link #decodingGraph}, over {@code
   * rows} slots at a time.
   */
  public SlotPass pass(Session session, SlotCache cache, int rows) {
    return new SlotPass(session, manifest, embeddings, cache, rows);
  }

  /**
   * ONNX Runtime's cached attention for CUDA computes in half precision only; the packed graphs
   * that take its place compute in float32 or, their loss scaled, in float16.
   */
  private void requireKernels(Graph derived) {
    boolean cached = !derived.nodesOf(Node.CONTRIB + ":GroupQueryAttention").isEmpty();
    boolean float32 = manifest.computes() == ElementType.FLOAT32;
    if (!cached && manifest.computes() == ElementType.BFLOAT16) {
      throw new ModelException(
          "%s: training and evaluation on %s expected a model that computes in float32 or float16, found %s; export it again with --dtype float16, or use the device cpu, which computes any model in float32"
              .formatted(folder, device, manifest.dtype()));
    }
    if (cached && float32 && !device.isCpu()) {
      throw new ModelException(
          "%s: on %s expected a model that computes in float16 or bfloat16, found float32; export it again with --dtype float16 or bfloat16, or use the device cpu"
              .formatted(folder, device));
    }
  }

  @Override
  public void close() {
    tokenizer.ifPresent(TextTokenizer::close);
    weights.close();
  }
}
