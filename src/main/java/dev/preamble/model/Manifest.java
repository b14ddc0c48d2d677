package dev.preamble.model;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.preamble.ParserMessage;
import dev.preamble.WholeFile;
import dev.preamble.runtime.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the exporter knows of a model and Java must not guess: the file {@code preamble.json}.
 *
 * @param formatVersion the manifest's own version, {@value #FORMAT_VERSION}
 * @param task what the graph computes, {@code causal-lm}
 * @param graph the ONNX file's name
 * @param graphSha256 its digest, in hexadecimal
 * @param baseModel which model this is
 * @param architecture the family in transformers' terms, such as {@code llama}
 * @param vocabularySize rows of the embedding table and width of the logits
 * @param hiddenSize elements of an embedding row
 * @param contextLength the most positions the model takes, virtual tokens included
 * @param attentionHeads query heads a layer
 * @param dtype the type the graph computes in
 * @param weights the files that hold the weights
 * @param keyValue shape of the key/value cache, an entry a layer
 * @param embedding the table that token embeddings are looked up in
 * @param specialTokens ids with a meaning of their own
 * @param tokenizer the tokenizer's file, if the model has one
 * @param exporter what wrote this, by name and version
 */
public record Manifest(
    int formatVersion,
    String task,
    String graph,
    String graphSha256,
    BaseModel baseModel,
    String architecture,
    int vocabularySize,
    int hiddenSize,
    int contextLength,
    int attentionHeads,
    String dtype,
    Weights weights,
    List<KeyValue> keyValue,
    Embedding embedding,
    SpecialTokens specialTokens,
    Optional<String> tokenizer,
    Map<String, String> exporter) {

  /** The version of the format that this program reads. */
  public static final int FORMAT_VERSION = 1;

  /** The manifest's name in a model's folder. */
  public static final String FILE = "preamble.json";

  private static final Map<String, ElementType> TYPES =
      Map.of(
          "float32", ElementType.FLOAT32,
          "float16", ElementType.FLOAT16,
          "bfloat16", ElementType.BFLOAT16);

  private static final long LARGEST_FILE = 16L << 20;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /** The model's name and revision as adapters refer to it, and the digest of all its weights. */
  public record BaseModel(String name, Optional<String> revision, String weightsSha256) {}

  /**
   * The files that hold the weights, and the type they are stored in: a float type, or {@code int8}
   * or {@code int4} where linear layers are quantised.
   */
  public record Weights(List<WeightFile> files, String dtype) {}

  /** One file of weights, its size in bytes and its digest. */
  public record WeightFile(String file, long bytes, String sha256) {}

  /**
   * One layer's cache: its heads, elements a head, and how far back it sees if not to the start.
   */
  public record KeyValue(int heads, int headSize, OptionalInt window) {}

  /** Where the embedding table is; {@code scale} applies to tokens, never to prompt rows. */
  public record Embedding(
      String file, String tensor, String dtype, List<Long> shape, float scale) {}

  /** Ids of the special tokens that the model has. */
  public record SpecialTokens(
      OptionalInt bos, List<Integer> eos, OptionalInt pad, OptionalInt unk) {
    /** The token that ends a text, if the model has one. */
    public OptionalInt endOfText() {
      return eos.isEmpty() ? OptionalInt.empty() : OptionalInt.of(eos.getFirst());
    }
  }

  /** Checks what the rest of the program relies on. */
  public Manifest {
    require(formatVersion == FORMAT_VERSION, "format_version", FORMAT_VERSION, formatVersion);
    require(task.equals("causal-lm"), "task", "causal-lm", task);
    require(TYPES.containsKey(dtype), "dtype", "float32, float16 or bfloat16", dtype);
    require(hiddenSize > 0 && vocabularySize > 0, "sizes", "above 0", hiddenSize);
    require(!keyValue.isEmpty(), "key_value", "an entry a layer", "none");
    keyValue = List.copyOf(keyValue);
    exporter = Map.copyOf(exporter);
  }

  /** The type that the graph computes in, and keys and values have. */
  ElementType computes() {
    return TYPES.get(dtype);
  }

  /** The manifest of the same model whose graph was made to compute in float32. */
  Manifest widened() {
    return new Manifest(
        formatVersion,
        task,
        graph,
        graphSha256,
        baseModel,
        architecture,
        vocabularySize,
        hiddenSize,
        contextLength,
        attentionHeads,
        "float32",
        weights,
        keyValue,
        embedding,
        specialTokens,
        tokenizer,
        exporter);
  }

  /** Number of layers. */
  public int layers() {
    return keyValue.size();
  }

  /**
   * Reads the manifest in {@code folder}.
   *
   * @throws ModelException if there is none, or it says what this program does not know
   */
  public static Manifest read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isDirectory(folder)) {
      throw new ModelException(
          "%s: expected the folder of an exported model, found %s"
              .formatted(folder, Files.exists(folder) ? "a file" : "nothing"));
    }
    if (!Files.isRegularFile(file)) {
      throw new ModelException(
          "%s: expected an exported model, found no %s; export it with: python export-scripts/export.py %s"
              .formatted(folder, FILE, folder));
    }
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw new ModelException(file + ": expected at most " + LARGEST_FILE + " bytes");
      }
      return JSON.readValue(Files.readAllBytes(file), Manifest.class);
    } catch (JacksonException fault) {
      String reason =
          fault.getCause() instanceof ModelException
              ? fault.getCause().getMessage()
              : ParserMessage.brief(fault.getOriginalMessage());
      throw new ModelException(
          file + ": not a manifest that this version reads: " + reason + "; export the model again",
          fault);
    } catch (IOException fault) {
      throw new ModelException(file + ": cannot be read: " + WholeFile.reason(fault), fault);
    }
  }

  private static void require(boolean holds, String field, Object expected, Object found) {
    if (!holds) {
      throw new ModelException("field %s: expected %s, found %s".formatted(field, expected, found));
    }
  }
}
