package dev.preamble.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** The folder that {@code --out} names. */
final class OutputFolder {
  private OutputFolder() {}

  /**
   * {@code folder}, which there may be or not.
   *
   * @throws UsageException if it is a file
   */
  static Path require(Path folder) {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new UsageException("--out: expected a folder, found the file " + folder);
    }
    return folder;
  }
}
