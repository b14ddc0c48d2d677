package dev.preamble.peft;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A PEFT prompt-learning adapter: its configuration and its tensors, checked against each other. A
 * value; nothing of it is bound to the files that it came from.
 */
public final class Adapter {
  /** Notes that PEFT writes into every tensor file. */
  static final Map<String, String> PYTORCH = Map.of("format", "pt");

  private final String name;
  private final AdapterConfig config;
  private final List<TensorView> tensors;
  private final Map<String, String> metadata;
  private final List<String> warnings;

  private Adapter(
      String name,
      AdapterConfig config,
      List<TensorView> tensors,
      Map<String, String> metadata,
      List<String> earlier) {
    this.name = name;
    this.config = config;
    this.tensors = List.copyOf(tensors);
    this.metadata = metadata;
    List<String> all = new ArrayList<>(earlier);
    try {
      AdapterChecks.check(config, this.tensors, all::add);
    } catch (PreambleException fault) {
      throw new PreambleException(name + ": " + fault.getMessage(), fault);
    }
    this.warnings = List.copyOf(all);
  }

  /**
   * Opens the adapter in {@code directory}, or in its only sub-directory that holds one, as PEFT
   * lays out adapters with a name.
   *
   * @throws PreambleException when there is none, or a file is malformed, of an unsupported method
   *     or at odds with the other; the message names the file
   */
  public static Adapter open(Path directory) {
    return AdapterFiles.read(directory);
  }

  /** An adapter of {@code tensors} made in this program. */
  public static Adapter of(AdapterConfig config, List<TensorView> tensors) {
    return read("the adapter", config, tensors, PYTORCH, List.of());
  }

  static Adapter read(
      String name,
      AdapterConfig config,
      List<TensorView> tensors,
      Map<String, String> metadata,
      List<String> warnings) {
    return new Adapter(name, config, tensors, metadata, warnings);
  }

  /** What messages call it: the path that it was read from. */
  public String name() {
    return name;
  }

  /** The configuration, all fields. */
  public AdapterConfig config() {
    return config;
  }

  /** Positions that the adapter takes in front of the text. */
  public int virtualTokens() {
    return config.virtualTokens();
  }

  /** All tensors, trained heads included, in file order. */
  public List<TensorView> tensors() {
    return tensors;
  }

  /** The tensor called {@code tensorName}, if there is one. */
  public Optional<TensorView> find(String tensorName) {
    return tensors.stream().filter(tensor -> tensor.name().equals(tensorName)).findFirst();
  }

  /** The tensor called {@code tensorName}, which the method has. */
  TensorView tensor(String tensorName) {
    return find(tensorName).orElseThrow();
  }

  /** Number of values in all tensors. */
  public long parameters() {
    return tensors.stream().mapToLong(TensorView::elements).sum();
  }

  /** What is odd or ignored, one sentence each; empty for what PEFT's last release writes. */
  public List<String> warnings() {
    return warnings;
  }

  /** Notes of the tensor file, written back as they were. */
  Map<String, String> metadata() {
    return metadata;
  }

  /**
   * SHA-256, in hexadecimal, over method, task, virtual tokens and tensors: the identity that
   * caches use. Equal content has the equal digest whatever its name, place or JSON layout.
   */
  public String digest() {
    return AdapterDigest.of(this);
  }

  /**
   * How this adapter enters a model of {@code shape}.
   *
   * @throws PreambleException when it was made for a model of another shape
   */
  public AdapterEntry entry(ModelShape shape) {
    if (tasks() > 1) {
      throw new PreambleException(
          "%s holds prompts for %d tasks; name one, 0 to %d".formatted(name, tasks(), tasks() - 1));
    }
    return entry(shape, 0);
  }

  /** Number of tasks that the adapter has a prompt each for; 1 for all but multitask prompts. */
  public int tasks() {
    return config.method().tasks();
  }

  /**
   * How this adapter enters a model of {@code shape} for one of its {@link #tasks}, from 0 on.
   *
   * @throws PreambleException when it was made for a model of another shape or has no such task
   */
  public AdapterEntry entry(ModelShape shape, int task) {
    if (task < 0 || task >= tasks()) {
      throw new PreambleException(
          "%s has no task %d; it has 0 to %d".formatted(name, task, tasks() - 1));
    }
    return config.method().entry(this, shape, task);
  }

  /**
   * The same rows as a PROMPT_TUNING adapter, which PEFT can go on training. PEFT cannot go on with
   * a P_TUNING adapter: its file has no encoder, and PEFT would feed the rows to a random one.
   *
   * @throws PreambleException when the adapter holds no such rows
   */
  public Adapter asPromptTuning() {
    if (!config.method().holdsPlainRows()) {
      throw new PreambleException(
          "%s is %s, which holds no rows that prompt tuning could use; P_TUNING and CPT do"
              .formatted(name, config.method().peftType()));
    }
    return new Adapter(
        name, config.withMethod(PromptTuning.random()), tensors, metadata, List.of());
  }

  /** Writes the adapter's files into {@code directory} as PEFT does, with a short model card. */
  public void save(Path directory) {
    save(directory, ModelCard.of(this));
  }

  /** Writes the adapter's files into {@code directory} as PEFT does, with the model card given. */
  public void save(Path directory, ModelCard card) {
    AdapterWriter.write(this, directory, card);
  }
}
