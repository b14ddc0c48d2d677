package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Tiny random models of every architecture that the exporter knows, exported: {@code
 * FrozenModel.open(TinyModels.exported("gemma3"))}. Each is made once by the {@link Oracle} and
 * kept in {@code target/models} for all test classes and runs, until the exporter changes. None has
 * a tokenizer; {@code export-scripts/preamble_export/tiny.py} says what each is like.
 */
public final class TinyModels {
  /** All of them. */
  public static final List<String> NAMES =
      List.of(
          "llama",
          "mistral",
          "qwen2",
          "qwen3",
          "smollm3",
          "phi3",
          "phi3-long",
          "gemma2",
          "gemma3",
          "gpt2",
          "opt",
          "opt-post-norm",
          "gpt_neox",
          "gpt_neox-sequential",
          "bloom");

  private static final Path FOLDER = Path.of("target/models");
  private static final Path SCRIPTS = Path.of("export-scripts");

  private TinyModels() {}

  /**
   * The folder of the model called {@code name}, one of {@link #NAMES}: what transformers saved in
   * float32, with graph and manifest. {@code options} are those of {@code export.py}, such as
   * {@code "--quantize", "int4"}; each combination is a folder of its own. Tests only read in it.
   */
  public static synchronized Path exported(String name, String... options) {
    assertTrue(NAMES.contains(name), () -> name + " is none of " + NAMES);
    String key = name + String.join("", options);
    Path model = FOLDER.resolve(key);
    Path stamp = FOLDER.resolve(key + ".sources");
    try {
      Files.createDirectories(FOLDER);
      try (FileChannel channel =
              FileChannel.open(
                  FOLDER.resolve(key + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          var lock = channel.lock()) {
        assertTrue(lock.isValid());
        String sources = sources();
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(sources)) {
          Oracle.shared()
              .call("export_tiny", Map.of("name", name, "out", model, "options", options));
          Files.writeString(stamp, sources);
        }
        return model;
      }
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  /** The digest of everything that an exported model depends on. */
  private static String sources() throws IOException {
    try (Stream<Path> files = Files.walk(SCRIPTS.resolve("preamble_export"))) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(Files.readAllBytes(SCRIPTS.resolve("requirements.txt")));
      for (Path file : files.filter(f -> f.toString().endsWith(".py")).sorted().toList()) {
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException fault) {
      throw new IllegalStateException(fault);
    }
  }
}
