package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Paths that stay in a folder, whatever links and dots they go through.
 *
 * @param root the folder
 */
record Confined(Path root) {
  private static final int DEPTH = 2;

  /**
   * The real folder that {@code text} names, relative to the root or absolute.
   *
   * @throws CatalogException if it is none or lies outside; what lies outside is not told
   */
  Path folder(String text) {
    try {
      Path given = root.resolve(text);
      if (!Files.isDirectory(given) || !isInside(given)) {
        throw outside(text);
      }
      return given.toRealPath();
    } catch (InvalidPathException | IOException unreadable) {
      throw outside(text);
    }
  }

  private static CatalogException outside(String text) {
    return new CatalogException(
        CatalogException.Reason.UNUSABLE,
        "path: expected a folder inside the server's adapter folder, found '%s'"
            .formatted(AdapterFile.shown(text)));
  }

  /** Refuses a folder, or a file of an adapter in it, that is a link to somewhere outside. */
  void check(Path folder) {
    try (Stream<Path> files =
        Stream.concat(Stream.of(folder), Files.walk(folder.toRealPath(), DEPTH))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (Files.exists(file) && !isInside(file)) {
          throw new PreambleException(
              "%s is a link that leads out of %s; put the files themselves there"
                  .formatted(file, root));
        }
      }
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read %s: %s".formatted(folder, WholeFile.reason(fault)), fault);
    }
  }

  private boolean isInside(Path path) throws IOException {
    return path.toRealPath().startsWith(root.toRealPath());
  }

  /** The names of folders in the root, hidden ones left out. */
  List<String> folders() {
    try (Stream<Path> entries = Files.list(root)) {
      return entries
          .filter(Files::isDirectory)
          .map(entry -> entry.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    } catch (IOException fault) {
      throw new PreambleException(
          "%s: cannot be listed: %s".formatted(root, WholeFile.reason(fault)), fault);
    }
  }
}
