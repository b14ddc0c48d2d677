package dev.preamble;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Files that appear whole or not at all: the bytes go to a hidden file in the same folder, are
 * forced to the disk, and take the target's name in one step. Whoever opens the target sees the old
 * content or the new one, also after a crash or a power cut. A process that is killed while writing
 * may leave its hidden file, {@code .<name>.<8 digits>.tmp}, which nothing reads.
 */
public final class WholeFile {
  private WholeFile() {}

  /** What writes the content, from position 0 on. */
  @FunctionalInterface
  public interface Body {
    /** Writes all bytes to {@code channel}. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Writes {@code content} as the file {@code target}; missing folders are made. */
  public static void write(Path target, byte[] content) {
    write(target, body(content));
  }

  /** What writes {@code content}. */
  public static Body body(byte[] content) {
    return channel -> {
      ByteBuffer rest = ByteBuffer.wrap(content);
      while (rest.hasRemaining()) {
        channel.write(rest);
      }
    };
  }

  /**
   * Writes what {@code body} gives as the file {@code target}; missing folders are made, a symbolic
   * link keeps pointing where it points.
   *
   * @throws PreambleException when the disk or a permission stands in the way; the old file is then
   *     untouched and no temporary file is left
   */
  public static void write(Path target, Body body) {
    try {
      Path real = Files.isSymbolicLink(target) ? target.toRealPath() : target.toAbsolutePath();
      Path folder = real.getParent();
      if (folder == null || Files.isDirectory(real)) {
        throw new PreambleException(target + " is a folder; a file name was expected");
      }
      Files.createDirectories(folder);
      Path temporary =
          folder.resolve(
              ".%s.%08x.tmp".formatted(real.getFileName(), ThreadLocalRandom.current().nextInt()));
      try {
        try (FileChannel channel =
            FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
          body.writeTo(channel);
          channel.force(true);
        }
        Files.move(temporary, real, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
      syncFolder(folder);
    } catch (IOException fault) {
      throw new PreambleException("cannot write " + target + ": " + reason(fault), fault);
    }
  }

  /**
   * Forces the names in {@code folder} to the disk: a rename survives a power cut only after this.
   * Does nothing where folders cannot be opened (Windows).
   */
  public static void syncFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (AccessDeniedException noFolderHandles) {
      if (!System.getProperty("os.name").startsWith("Windows")) {
        throw noFolderHandles;
      }
    }
  }

  /** What an I/O fault means to a user, without the path, which the caller names. */
  public static String reason(IOException fault) {
    if (fault instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (fault instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (fault instanceof FileAlreadyExistsException taken) {
      boolean folder = Files.isDirectory(Path.of(taken.getFile()));
      return taken.getFile() + (folder ? " is there already" : " is a file, not a folder");
    }
    if (fault instanceof java.nio.file.FileSystemException system && system.getReason() != null) {
      return system.getReason();
    }
    return fault.getMessage() == null ? fault.toString() : fault.getMessage();
  }
}
