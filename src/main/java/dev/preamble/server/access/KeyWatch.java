package dev.preamble.server.access;

import dev.preamble.PreambleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The keys of a file that may change while the server runs: {@link #look} takes over what changed.
 * A file that cannot be read leaves the keys as they were.
 */
public final class KeyWatch {
  private final Optional<Path> file;
  private volatile KeyRing keys;
  private List<Object> seen;

  /**
   * Reads the keys in {@code file}; without a file nobody needs one.
   *
   * @throws PreambleException as {@link KeyFile#read}
   */
  public KeyWatch(Optional<Path> file) {
    this.file = file;
    this.seen = file.map(KeyWatch::identity).orElse(List.of());
    this.keys = file.map(KeyFile::read).orElse(KeyRing.NONE);
  }

  /** The keys that are valid now. */
  public KeyRing keys() {
    return keys;
  }

  /** Reads the file again if it has changed; {@code fault} is told why that could not be done. */
  public synchronized void look(Consumer<PreambleException> fault) {
    file.ifPresent(
        path -> {
          List<Object> now = identity(path);
          if (!now.equals(seen)) {
            seen = now;
            try {
              keys = KeyFile.read(path);
            } catch (PreambleException unreadable) {
              fault.accept(unreadable);
            }
          }
        });
  }

  private static List<Object> identity(Path file) {
    try {
      var attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return List.of(
          attributes.lastModifiedTime(),
          attributes.size(),
          Optional.ofNullable(attributes.fileKey()));
    } catch (IOException missing) {
      return List.of();
    }
  }
}
