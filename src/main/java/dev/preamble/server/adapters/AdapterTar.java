package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * An adapter's files in one tar. Reading takes plain files and folders only: an archive with a
 * link, a device, a sparse file, or a name that leads out of it is refused as a whole.
 */
final class AdapterTar {
  private static final int MOST_ENTRIES = 1000;

  /** Bytes of a tar that may stand between two files: headers, long names, padding. */
  private static final long BETWEEN = 1 << 20;

  private AdapterTar() {}

  /**
   * Writes the adapter's files in {@code tar} into {@code target}, which is made.
   *
   * @return names of files that were left out
   * @throws ArchiveException if it is no such archive
   */
  static List<String> unpack(Path tar, Path target) {
    List<String> ignored = new ArrayList<>();
    Set<String> names = new HashSet<>();
    try (Metered bytes = new Metered(new BufferedInputStream(Files.newInputStream(tar)));
        TarArchiveInputStream archive = new TarArchiveInputStream(bytes)) {
      Files.createDirectory(target);
      bytes.allow(BETWEEN);
      int count = 0;
      for (TarArchiveEntry entry = archive.getNextEntry();
          entry != null;
          entry = archive.getNextEntry()) {
        if (++count > MOST_ENTRIES) {
          throw new ArchiveException(
              "expected at most %,d entries in the archive, found more".formatted(MOST_ENTRIES));
        }
        Optional<String> name = AdapterFile.kept(entry.getName());
        requirePlain(entry);
        bytes.allow(Math.addExact(BETWEEN, entry.getSize()));
        if (entry.isDirectory()) {
          continue;
        }
        if (name.isEmpty()) {
          ignored.add(AdapterFile.shown(entry.getName()));
        } else if (names.add(name.get())) {
          Files.copy(archive, target.resolve(name.get()));
        } else {
          throw new ArchiveException(
              "expected one file %s in the archive, found two".formatted(name.get()));
        }
      }
      return ignored;
    } catch (IOException | IllegalArgumentException | ArithmeticException malformed) {
      throw new ArchiveException(
          "expected an uncompressed tar archive; it is malformed or breaks off: "
              + AdapterFile.shown(String.valueOf(malformed.getMessage())));
    }
  }

  private static void requirePlain(TarArchiveEntry entry) {
    boolean plain = entry.isDirectory() || entry.isFile() && !entry.isSparse();
    if (!plain
        || entry.isSymbolicLink()
        || entry.isLink()
        || entry.isCharacterDevice()
        || entry.isBlockDevice()
        || entry.isFIFO()
        || entry.getSize() < 0) {
      throw new ArchiveException(
          "expected plain files in the archive, found a link, device or sparse file: '%s'"
              .formatted(AdapterFile.shown(entry.getName())));
    }
  }

  /** The folder that has the files: {@code folder}, or the one below it that has them. */
  static Path holder(Path folder) throws IOException {
    if (Files.exists(folder.resolve(AdapterFile.CONFIG))) {
      return folder;
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(child -> Files.exists(child.resolve(AdapterFile.CONFIG)))
          .findFirst()
          .orElse(folder);
    }
  }

  /**
   * Writes the adapter's files in {@code folder} as a tar; those that are not there are left out.
   */
  static void pack(Path folder, OutputStream out) {
    try (TarArchiveOutputStream archive = new TarArchiveOutputStream(out)) {
      archive.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      for (String name : AdapterFile.PACKED) {
        Path file = folder.resolve(name);
        if (Files.isRegularFile(file)) {
          TarArchiveEntry entry = new TarArchiveEntry(name);
          entry.setSize(Files.size(file));
          entry.setModTime(Files.getLastModifiedTime(file));
          archive.putArchiveEntry(entry);
          Files.copy(file, archive);
          archive.closeArchiveEntry();
        }
      }
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read %s: %s".formatted(folder, WholeFile.reason(fault)), fault);
    }
  }

  /** A stream that ends in an error when more is read than was allowed. */
  private static final class Metered extends InputStream {
    private final InputStream in;
    private long left;

    Metered(InputStream in) {
      this.in = in;
    }

    /** Lets {@code bytes} be read from now on. */
    void allow(long bytes) {
      left = bytes;
    }

    @Override
    public int read() throws IOException {
      int next = in.read();
      count(next < 0 ? 0 : 1);
      return next;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = in.read(target, offset, length);
      count(Math.max(0, read));
      return read;
    }

    private void count(int bytes) throws IOException {
      left -= bytes;
      if (left < 0) {
        throw new IOException("a header is too long");
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
