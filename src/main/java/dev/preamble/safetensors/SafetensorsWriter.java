package dev.preamble.safetensors;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Writes safetensors files with the reference library's bytes: tensors by dtype, last of {@link
 * Dtype} first, then by name in code point order; a compact header padded with spaces to a multiple
 * of 8. The metadata keep the order given, for the reference library's own order is that of a
 * randomly seeded hash table.
 */
public final class SafetensorsWriter {
  /** Longest piece handed to a channel at a time, in bytes. */
  private static final long PIECE = 1 << 24;

  private SafetensorsWriter() {}

  /** Writes {@code path}, whole or not at all; no metadata entry when {@code metadata} is empty. */
  public static void write(
      Path path, Collection<TensorView> tensors, Map<String, String> metadata) {
    WholeFile.write(path, body(tensors, metadata));
  }

  /**
   * Writes {@code path} with one tensor, for values that come piece by piece and need not be in
   * memory together.
   *
   * @param bytes writes exactly the tensor's bytes, in order
   * @throws PreambleException if they are more or fewer; nothing is written then
   */
  public static void write(
      Path path,
      String name,
      Dtype dtype,
      List<Long> shape,
      Map<String, String> metadata,
      WholeFile.Body bytes) {
    long size = TensorView.byteSize(dtype, shape);
    byte[] header = header(List.of(new Entry(name, dtype, shape, size)), metadata);
    WholeFile.write(
        path,
        channel -> {
          writeAll(channel, start(header));
          bytes.writeTo(channel);
          long found = channel.position() - 8 - header.length;
          if (found != size) {
            throw new PreambleException(
                "tensor '%s': shape %s of %s takes %,d bytes, but %,d were written"
                    .formatted(name, shape, dtype, size, found));
          }
        });
  }

  /** A tensor as the header names it. */
  private record Entry(String name, Dtype dtype, List<Long> shape, long bytes) {
    static List<Entry> of(List<TensorView> tensors) {
      return tensors.stream()
          .map(each -> new Entry(each.name(), each.dtype(), each.shape(), each.data().byteSize()))
          .toList();
    }
  }

  /** The file's content, to be written where the caller wants it. */
  public static WholeFile.Body body(Collection<TensorView> tensors, Map<String, String> metadata) {
    List<TensorView> ordered = ordered(tensors);
    byte[] header = header(Entry.of(ordered), metadata);
    return channel -> writeTo(channel, header, ordered);
  }

  /** The file as bytes, for tensors that fit into one array. */
  public static byte[] toBytes(Collection<TensorView> tensors, Map<String, String> metadata) {
    List<TensorView> ordered = ordered(tensors);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (WritableByteChannel channel = Channels.newChannel(bytes)) {
      writeTo(channel, header(Entry.of(ordered), metadata), ordered);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  private static List<TensorView> ordered(Collection<TensorView> tensors) {
    Set<String> names = new HashSet<>();
    for (TensorView tensor : tensors) {
      if (tensor.name().equals("__metadata__") || !names.add(tensor.name())) {
        throw new PreambleException(
            "a safetensors file cannot hold "
                + (names.contains(tensor.name()) ? "two tensors" : "a tensor")
                + " called '"
                + tensor.name()
                + "'");
      }
    }
    return tensors.stream()
        .sorted(
            Comparator.comparing(TensorView::dtype)
                .reversed()
                .thenComparing(TensorView::name, SafetensorsWriter::compareCodePoints))
        .toList();
  }

  private static int compareCodePoints(String left, String right) {
    return Arrays.compare(left.codePoints().toArray(), right.codePoints().toArray());
  }

  private static byte[] header(List<Entry> ordered, Map<String, String> metadata) {
    StringJoiner json = new StringJoiner(",", "{", "}");
    if (!metadata.isEmpty()) {
      StringJoiner notes = new StringJoiner(",", "\"__metadata__\":{", "}");
      metadata.forEach((key, value) -> notes.add(quoted(key) + ":" + quoted(value)));
      json.add(notes.toString());
    }
    long offset = 0;
    for (Entry tensor : ordered) {
      long end = Math.addExact(offset, tensor.bytes());
      json.add(
          "%s:{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(
                  quoted(tensor.name()),
                  tensor.dtype(),
                  tensor.shape().toString().replace(" ", ""),
                  offset,
                  end));
      offset = end;
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(text, Math.ceilDiv(text.length, 8) * 8);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return padded;
  }

  /** A JSON string as the reference library's serialiser escapes it. */
  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\b' -> json.append("\\b");
        case '\f' -> json.append("\\f");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        default -> {
          if (c < ' ') {
            json.append("\\u%04x".formatted((int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    return json.append('"').toString();
  }

  private static void writeTo(WritableByteChannel channel, byte[] header, List<TensorView> ordered)
      throws IOException {
    writeAll(channel, start(header));
    for (TensorView tensor : ordered) {
      MemorySegment data = tensor.data();
      for (long done = 0; done < data.byteSize(); ) {
        long length = Math.min(PIECE, data.byteSize() - done);
        writeAll(channel, data.asSlice(done, length).asByteBuffer());
        done += length;
      }
    }
  }

  /** The header behind its length. */
  private static ByteBuffer start(byte[] header) {
    ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
    return start.putLong(header.length).put(header).flip();
  }

  private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
