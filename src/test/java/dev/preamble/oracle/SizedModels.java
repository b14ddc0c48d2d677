package dev.preamble.oracle;

import java.nio.file.Path;
import java.util.Map;

/**
 * Models of random weights in the sizes that training is timed on, made once and kept in {@code
 * target/models}; {@code export-scripts/preamble_oracle/sized.py} has their shapes.
 */
public final class SizedModels {
  private SizedModels() {}

  /** The exported model called {@code name}, or the bundled one of that name. */
  public static Path named(String name) {
    return name.startsWith("stories")
        ? Path.of("test-fixtures", name)
        : KeptModels.get(
            name, out -> Oracle.shared().call("export_sized", Map.of("name", name, "out", out)));
  }
}
