package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.WholeFolder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/**
 * Hidden places in the folder of adapters that uploads are written to, and what is left of them.
 */
final class Leftovers {
  private static final String PREFIX = ".upload-";

  /** Longer than any upload takes, so that what another server is at is not disturbed. */
  private static final Duration OLD = Duration.ofHours(1);

  private Leftovers() {}

  /** A hidden path in {@code folder} that nothing has. */
  static Path fresh(Path folder) {
    return folder.resolve(PREFIX + UUID.randomUUID() + ".tmp");
  }

  /** Removes what uploads left behind that were killed long ago. */
  static void remove(Path folder) {
    Instant before = Instant.now().minus(OLD);
    try (DirectoryStream<Path> places = Files.newDirectoryStream(folder, PREFIX + "*")) {
      for (Path place : places) {
        if (Files.getLastModifiedTime(place).toInstant().isBefore(before)) {
          WholeFolder.remove(place);
        }
      }
    } catch (IOException fault) {
      throw new PreambleException(
          "%s: cannot be listed: %s".formatted(folder, WholeFile.reason(fault)), fault);
    }
  }
}
