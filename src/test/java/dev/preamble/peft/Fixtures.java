package dev.preamble.peft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The adapters that PEFT itself wrote, and changed copies of them. */
final class Fixtures {
  static final Path ADAPTERS = Path.of("test-fixtures/adapters");

  private Fixtures() {}

  /** Copies the adapter {@code name} to {@code target}. */
  static Path copy(String name, Path target) throws IOException {
    Files.createDirectories(target);
    for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
      Files.copy(ADAPTERS.resolve(name).resolve(file), target.resolve(file));
    }
    return target;
  }

  /** Replaces text in the configuration of the adapter in {@code directory}. */
  static Path edit(Path directory, String from, String to) throws IOException {
    Path config = directory.resolve("adapter_config.json");
    String text = Files.readString(config);
    if (!text.contains(from)) {
      throw new IllegalArgumentException(from + " does not stand in " + text);
    }
    Files.writeString(config, text.replace(from, to));
    return directory;
  }
}
