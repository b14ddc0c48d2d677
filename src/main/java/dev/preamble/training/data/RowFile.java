package dev.preamble.training.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * An open file of rows. It is scanned once, which finds the place of every row; after that a row is
 * read from its place, by several threads at once if need be. The file itself stays on the disk.
 */
public final class RowFile implements AutoCloseable {
  private final Path path;
  private final RowFormat format;
  private final FileChannel channel;
  private final RowParser parser;

  /** Hears of each row of a scan, in the file's order. */
  public interface Visitor {
    /**
     * A row's fields.
     *
     * @throws BadRowException if they are not what is looked for; {@link #bad} hears of it
     */
    void row(Place place, ObjectNode fields);

    /** A row that cannot be used. */
    void bad(Place place, String reason);
  }

  private RowFile(Path path, RowFormat format, FileChannel channel) {
    this.path = path;
    this.format = format;
    this.channel = channel;
    this.parser = new RowParser(format);
  }

  /** Opens {@code path}, whose name tells the format. */
  public static RowFile open(Path path) throws IOException {
    return open(path, RowFormat.of(path));
  }

  /** Opens {@code path}, whatever its name. */
  public static RowFile open(Path path, RowFormat format) throws IOException {
    return new RowFile(path, format, FileChannel.open(path, StandardOpenOption.READ));
  }

  /**
   * Reads all rows; those of blanks alone are passed over.
   *
   * @throws PreambleException if a table's first row names no columns
   * @return the SHA-256 of the file, in hexadecimal
   */
  public String scan(Visitor visitor) throws IOException {
    channel.position(0);
    return scan(path.toString(), Channels.newInputStream(channel), format, parser, visitor);
  }

  /** As {@link #scan(Visitor)}, of a source called {@code name} that is read this once. */
  public static String scan(String name, InputStream source, RowFormat format, Visitor visitor)
      throws IOException {
    return scan(name, source, format, new RowParser(format), visitor);
  }

  /**
   * The fields of the row at {@code place}.
   *
   * @throws PreambleException if the file has changed since it was scanned
   */
  public ObjectNode read(Place place) {
    ByteBuffer bytes = ByteBuffer.allocate(place.length());
    try {
      while (bytes.hasRemaining() && channel.read(bytes, place.offset() + bytes.position()) >= 0) {}
      if (!bytes.hasRemaining()) {
        return parser.parse(bytes.array());
      }
    } catch (IOException fault) {
      throw new PreambleException(path + ": cannot be read: " + WholeFile.reason(fault), fault);
    } catch (BadRowException fault) {
      throw changed(place, fault);
    }
    throw changed(place, null);
  }

  private PreambleException changed(Place place, Throwable cause) {
    return new PreambleException(
        "%s line %d: the file has changed since the run began; leave it as it is while it is read"
            .formatted(path, place.line()),
        cause);
  }

  private static String scan(
      String name, InputStream source, RowFormat format, RowParser parser, Visitor visitor)
      throws IOException {
    MessageDigest digest = sha256();
    RowSplitter rows = new RowSplitter(new DigestInputStream(source, digest), format);
    for (Optional<Place> place = rows.next(); place.isPresent(); place = rows.next()) {
      visit(name, place.get(), rows, parser, visitor);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void visit(
      String name, Place place, RowSplitter rows, RowParser parser, Visitor visitor) {
    try {
      byte[] bytes = rows.bytes();
      if (isBlank(bytes)) {
        return;
      }
      if (parser.awaitsHeader()) {
        header(name, place, bytes, parser);
      } else {
        visitor.row(place, parser.parse(bytes));
      }
    } catch (BadRowException fault) {
      visitor.bad(place, fault.getMessage());
    }
  }

  /** Without its first row nothing of a table can be used: that fault is no bad line. */
  private static void header(String name, Place place, byte[] bytes, RowParser parser) {
    try {
      parser.header(bytes);
    } catch (BadRowException fault) {
      throw new PreambleException(
          "%s line %d: %s".formatted(name, place.line(), fault.getMessage()), fault);
    }
  }

  private static boolean isBlank(byte[] bytes) {
    for (byte each : bytes) {
      if (each != ' ' && each != '\t' && each != '\r') {
        return false;
      }
    }
    return true;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException fault) {
      throw new PreambleException(path + ": cannot be closed: " + WholeFile.reason(fault), fault);
    }
  }
}
