package dev.preamble.model;

import dev.preamble.WholeFile;
import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.TensorView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * A large table of which a few rows are wanted, read from its file one by one. Through a mapping,
 * the system would take each row's neighbours into the process's memory too, up to 2 MiB for a row
 * of 3 KiB, and take longer than a read does. May be used by several threads; that one of them is
 * interrupted does not close the file, as it would a channel.
 */
final class TableFile implements EmbeddingTable.Rows, AutoCloseable {
  /** Bytes of a table that is worth it; a smaller one soon lies in memory whole. */
  static final long WORTH = 128L << 20;

  private final Path path;
  private final RandomAccessFile file;
  private final long start;
  private final Dtype dtype;
  private final List<Long> shapeOfRow;
  private final byte[] row;

  private TableFile(Path path, RandomAccessFile file, long start, TensorView table) {
    this.path = path;
    this.file = file;
    this.start = start;
    this.dtype = table.dtype();
    this.shapeOfRow = List.of(table.shape().get(1));
    this.row = new byte[Math.toIntExact(table.data().byteSize() / table.shape().get(0))];
  }

  /**
   * Opens {@code within} once more, for the rows of {@code table}, [rows, width], which is its own.
   *
   * @throws ModelException if the file cannot be read
   */
  static TableFile open(SafetensorsFile within, TensorView table) {
    Path path = within.path();
    try {
      RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
      return new TableFile(path, file, within.offset(table), table);
    } catch (IOException fault) {
      throw unreadable(path, fault);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws ModelException if the file can no longer be read
   */
  @Override
  public synchronized void copy(int index, MemorySegment destination, long offset) {
    try {
      file.seek(start + (long) index * row.length);
      file.readFully(row);
    } catch (IOException fault) {
      throw unreadable(path, fault);
    }
    new TensorView("row", dtype, shapeOfRow, MemorySegment.ofArray(row))
        .copyFloats(0, destination, offset, shapeOfRow.getFirst());
  }

  private static ModelException unreadable(Path path, IOException fault) {
    return new ModelException(path + ": cannot be read: " + WholeFile.reason(fault), fault);
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}
