package dev.preamble;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * Several files of a folder replaced in one step: a folder beside it is filled with the new files
 * and with links to all others, and the two change places. Whoever opens the folder by its name
 * sees all of the old files or all of the new ones, also after a crash or a power cut.
 */
public final class WholeFolder {
  private WholeFolder() {}

  /**
   * Puts {@code files} into {@code target}, an existing folder, and takes away those in {@code
   * gone}; all else in it stays as it is.
   *
   * @throws PreambleException when the disk or a permission stands in the way; the old files are
   *     then untouched
   */
  public static void replace(Path target, Map<String, WholeFile.Body> files, Set<String> gone) {
    try {
      Path real = target.toRealPath();
      Path parent = real.getParent();
      if (parent == null) {
        throw new PreambleException(
            target + " is the root of a file system; save into a folder in it");
      }
      Path fresh =
          parent.resolve(
              ".%s.%08x.tmp".formatted(real.getFileName(), ThreadLocalRandom.current().nextInt()));
      try {
        Files.createDirectory(fresh);
        files.forEach((name, body) -> WholeFile.write(fresh.resolve(name), body));
        carryOver(real, fresh, files.keySet(), gone);
        WholeFile.syncFolder(fresh);
        Path old = changePlaces(real, fresh);
        WholeFile.syncFolder(parent);
        rescueLateFiles(old, real, gone);
        deleteTree(old);
      } finally {
        deleteTree(fresh);
      }
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot replace the files in %s as a whole: %s; save into an empty folder instead"
              .formatted(target, WholeFile.reason(fault)),
          fault);
    }
  }

  /**
   * Puts the folder {@code filled} in the place of {@code target}, which stands beside it or is not
   * there yet: whoever opens {@code target} finds all of the old folder or all of the new one.
   *
   * @throws PreambleException when the disk or a permission stands in the way; {@code target} is
   *     then as it was
   */
  public static void put(Path filled, Path target) {
    try {
      syncFiles(filled);
      boolean placed = false;
      while (!placed) {
        placed = takesFreePlace(filled, target) || takesPlace(filled, target);
      }
      WholeFile.syncFolder(target.toAbsolutePath().getParent());
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot write %s: %s".formatted(target, WholeFile.reason(fault)), fault);
    }
  }

  /** Moves {@code filled} to {@code target} if nothing stands there, nor is put there meanwhile. */
  private static boolean takesFreePlace(Path filled, Path target) throws IOException {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try {
      Files.move(filled, target, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (IOException fault) {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        return false;
      }
      throw fault;
    }
  }

  /** Changes places with what stands at {@code target}; false if that is gone meanwhile. */
  private static boolean takesPlace(Path filled, Path target) throws IOException {
    Path old;
    try {
      old = changePlaces(target, filled);
    } catch (NoSuchFileException removed) {
      return false;
    }
    deleteTree(old);
    return true;
  }

  /**
   * Removes a folder or file in one step: it is moved to a hidden name first. Does nothing if there
   * is none.
   *
   * @throws PreambleException when the disk or a permission stands in the way
   */
  public static void remove(Path folder) {
    try {
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
        Path hidden =
            folder.resolveSibling(
                ".%s.%08x.tmp"
                    .formatted(folder.getFileName(), ThreadLocalRandom.current().nextInt()));
        if (!moves(folder, hidden)) {
          return;
        }
        WholeFile.syncFolder(folder.toAbsolutePath().getParent());
        deleteTree(hidden);
      }
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot remove %s: %s".formatted(folder, WholeFile.reason(fault)), fault);
    }
  }

  /** False if there is no such folder any more: somebody else has removed it. */
  private static boolean moves(Path folder, Path to) throws IOException {
    try {
      Files.move(folder, to, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (NoSuchFileException removed) {
      return false;
    }
  }

  private static void syncFiles(Path folder) throws IOException {
    for (Path file : list(folder)) {
      if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
    }
    WholeFile.syncFolder(folder);
  }

  /** Swaps the two folders; gives the place where the old one stands afterwards. */
  private static Path changePlaces(Path real, Path fresh) throws IOException {
    if (AtomicExchange.of(real, fresh)) {
      return fresh;
    }
    // Two renames: killed between them, the old folder stands whole under the name below.
    Path old = fresh.resolveSibling(fresh.getFileName().toString().replace(".tmp", ".old"));
    Files.move(real, old, StandardCopyOption.ATOMIC_MOVE);
    try {
      Files.move(fresh, real, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException fault) {
      Files.move(old, real, StandardCopyOption.ATOMIC_MOVE);
      throw fault;
    }
    return old;
  }

  private static void carryOver(Path from, Path to, Set<String> replaced, Set<String> gone)
      throws IOException {
    for (Path entry : list(from)) {
      String name = entry.getFileName().toString();
      if (!replaced.contains(name) && !gone.contains(name)) {
        link(entry, to.resolve(name));
      }
    }
  }

  /** Makes {@code to} the same file, or a folder of the same files. */
  private static void link(Path from, Path to) throws IOException {
    if (Files.isDirectory(from, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(to);
      for (Path entry : list(from)) {
        link(entry, to.resolve(entry.getFileName()));
      }
    } else if (Files.isSymbolicLink(from)) {
      Files.createSymbolicLink(to, Files.readSymbolicLink(from));
    } else {
      try {
        Files.createLink(to, from);
      } catch (IOException | UnsupportedOperationException noHardLinks) {
        Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  /** Moves what others put into the old folder between the links and the change of places. */
  private static void rescueLateFiles(Path old, Path real, Set<String> gone) throws IOException {
    for (Path entry : list(old)) {
      Path place = real.resolve(entry.getFileName());
      if (!gone.contains(entry.getFileName().toString())
          && !Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
        Files.move(entry, place);
      }
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.toList();
    }
  }

  private static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException fault)
              throws IOException {
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
