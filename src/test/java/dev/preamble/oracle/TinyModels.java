package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

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

  private TinyModels() {}

  /**
   * The folder of the model called {@code name}, one of {@link #NAMES}: what transformers saved in
   * float32, with graph and manifest. {@code options} are those of {@code export.py}, such as
   * {@code "--quantize", "int4"}; each combination is a folder of its own. Tests only read in it.
   */
  public static Path exported(String name, String... options) {
    assertTrue(NAMES.contains(name), () -> name + " is none of " + NAMES);
    return KeptModels.get(
        name + String.join("", options),
        out ->
            Oracle.shared()
                .call("export_tiny", Map.of("name", name, "out", out, "options", options)));
  }
}
