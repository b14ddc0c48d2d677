package dev.preamble.cli;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.WholeFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The two adapters that come with the program: Python PEFT trained each on another task than the
 * quickstart's and by another method, for the same model.
 */
final class Companions {
  /** What a question to a bank is about. */
  static final String BANKING = "banking";

  /** Where a question to an assistant leads. */
  static final String PLACES = "places";

  private static final List<String> NAMES = List.of(BANKING, PLACES);

  private Companions() {}

  /**
   * Copies them from the folder {@code home} of the program into {@code adapters}, each a folder of
   * its own; those that are there already are replaced.
   *
   * @throws PreambleException if they are not there, or cannot be written
   */
  static void copy(Path home, Path adapters) {
    Path from = home.resolve("test-fixtures").resolve("quickstart-adapters");
    for (String name : NAMES) {
      Path target = adapters.resolve(name);
      try {
        Files.createDirectories(target);
        WholeFolder.replace(target, files(from.resolve(name)), Set.of());
      } catch (IOException fault) {
        throw new PreambleException(
            "quickstart: cannot copy the adapter %s to %s: %s; name another folder with --out"
                .formatted(from.resolve(name), target, fault.getMessage()),
            fault);
      }
    }
  }

  private static Map<String, WholeFile.Body> files(Path folder) throws IOException {
    Map<String, WholeFile.Body> files = new HashMap<>();
    try (Stream<Path> listed = Files.list(folder)) {
      for (Path file : listed.toList()) {
        files.put(file.getFileName().toString(), WholeFile.body(Files.readAllBytes(file)));
      }
    }
    return files;
  }
}
