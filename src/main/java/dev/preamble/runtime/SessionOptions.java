package dev.preamble.runtime;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a session runs. Begin with {@link #defaults} and change what differs.
 *
 * @param device what computes
 * @param threads threads that compute one node, the caller's among them; at least 1
 * @param optimization how far the graph is rewritten when the session is opened
 * @param memoryPattern whether a run's memory is planned from earlier runs of the same shapes; on
 *     CUDA it never is, where plans of several threads would pile up
 * @param memoryArena whether the memory of intermediate values is kept between runs
 * @param prepacking whether weights get a second copy in the layout that products like best: faster
 *     products for as much memory again
 * @param deterministic whether kernels that give the same bits each time are preferred
 * @param kernels operators beside ONNX Runtime's own that a graph may name
 * @param entries more of ONNX Runtime's session options, by their key
 */
public record SessionOptions(
    Device device,
    int threads,
    Optimization optimization,
    boolean memoryPattern,
    boolean memoryArena,
    boolean prepacking,
    boolean deterministic,
    List<Kernel> kernels,
    Map<String, String> entries) {
  private static final String WEIGHT_FOLDER =
      "session.model_external_initializers_file_folder_path";

  private static final String SPINNING_STOP = "session.force_spinning_stop";

  /** How far a graph is rewritten. */
  public enum Optimization {
    NONE(0),
    BASIC(1),
    EXTENDED(2),
    ALL(99);

    private final int level;

    Optimization(int level) {
      this.level = level;
    }

    int level() {
      return level;
    }
  }

  /** Refuses what no session can have. */
  public SessionOptions {
    if (threads < 1) {
      throw new IllegalArgumentException("a session needs at least 1 thread, not " + threads);
    }
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(optimization, "optimization");
    kernels = List.copyOf(kernels);
    entries = Map.copyOf(entries);
  }

  /** This machine's processor with every core, every optimisation, deterministic kernels. */
  public static SessionOptions defaults() {
    int processors = Runtime.getRuntime().availableProcessors();
    return new SessionOptions(
        Device.CPU, processors, Optimization.ALL, true, true, true, true, List.of(), Map.of());
  }

  /** These options on another device. */
  public SessionOptions withDevice(Device device) {
    return with(draft -> draft.device = device);
  }

  /** These options with another number of threads. */
  public SessionOptions withThreads(int threads) {
    return with(draft -> draft.threads = threads);
  }

  /** These options with another optimisation. */
  public SessionOptions withOptimization(Optimization optimization) {
    return with(draft -> draft.optimization = optimization);
  }

  /** These options with memory planned from earlier runs, or not. */
  public SessionOptions withMemoryPattern(boolean memoryPattern) {
    return with(draft -> draft.memoryPattern = memoryPattern);
  }

  /** These options with memory kept between runs, or not. */
  public SessionOptions withMemoryArena(boolean memoryArena) {
    return with(draft -> draft.memoryArena = memoryArena);
  }

  /** These options with weights packed, or not. */
  public SessionOptions withPrepacking(boolean prepacking) {
    return with(draft -> draft.prepacking = prepacking);
  }

  /** These options with deterministic kernels, or with the fastest. */
  public SessionOptions withDeterministic(boolean deterministic) {
    return with(draft -> draft.deterministic = deterministic);
  }

  /** These options with operators for the graph to name. */
  public SessionOptions withKernels(List<Kernel> kernels) {
    return with(draft -> draft.kernels = kernels);
  }

  /**
   * These options with the folder in which the files lie that the graph names as external data.
   * ONNX Runtime maps them, takes no memory for them, and refuses names that lead out of the
   * folder, symbolic links resolved. Without it the folder is the process's own.
   */
  public SessionOptions withWeightFolder(Path folder) {
    return withEntry(WEIGHT_FOLDER, folder.toAbsolutePath().toString());
  }

  /** These options with threads that stay awake for a while after a run, or rest at once. */
  public SessionOptions withSpinning(boolean spinning) {
    return withEntry(SPINNING_STOP, spinning ? "0" : "1");
  }

  /** These options with one entry more. */
  public SessionOptions withEntry(String key, String value) {
    return with(draft -> draft.entries.put(key, value));
  }

  private SessionOptions with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.finish();
  }

  /** Options that one thing is changed in. */
  private static final class Draft {
    private Device device;
    private int threads;
    private Optimization optimization;
    private boolean memoryPattern;
    private boolean memoryArena;
    private boolean prepacking;
    private boolean deterministic;
    private List<Kernel> kernels;
    private final Map<String, String> entries;

    Draft(SessionOptions from) {
      device = from.device;
      threads = from.threads;
      optimization = from.optimization;
      memoryPattern = from.memoryPattern;
      memoryArena = from.memoryArena;
      prepacking = from.prepacking;
      deterministic = from.deterministic;
      kernels = from.kernels;
      entries = new HashMap<>(from.entries);
    }

    SessionOptions finish() {
      return new SessionOptions(
          device,
          threads,
          optimization,
          memoryPattern,
          memoryArena,
          prepacking,
          deterministic,
          kernels,
          entries);
    }
  }
}
