package dev.preamble.safetensors;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedCollection;

/**
 * A safetensors file, open for reading. Everything is checked before the first value is handed out;
 * the tensors are views without copies. Any thread may read. A file larger than 2 GiB is no
 * exception.
 */
public final class SafetensorsFile implements AutoCloseable {
  /** Longest header accepted, in bytes; the reference library's cap. */
  public static final int HEADER_CAP = 100_000_000;

  /** Bytes read at a time, few enough to stay in the cache on their way. */
  private static final int PIECE = 1 << 18;

  private final Path path;
  private final Optional<Arena> mapping;
  private final MemorySegment bytes;
  private final Map<String, String> metadata;
  private final LinkedHashMap<String, TensorView> tensors = new LinkedHashMap<>();

  private SafetensorsFile(Path path, Optional<Arena> mapping, MemorySegment bytes, int headerCap) {
    this.path = path;
    this.mapping = mapping;
    this.bytes = bytes;
    long size = bytes.byteSize();
    byte[] start =
        bytes.asSlice(0, Math.min(size, ForeignFormat.PROBE)).toArray(ValueLayout.JAVA_BYTE);
    ForeignFormat.refuse(path, start, size);
    long length = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    if (length < 0 || length > headerCap) {
      throw fault(
          "the first 8 bytes give a header of %s bytes, more than the %,d allowed: no safetensors file"
              .formatted(Long.toUnsignedString(length), headerCap));
    }
    if (length > size - 8) {
      throw fault(
          "the header takes %,d bytes, but only %,d follow: the file is truncated"
              .formatted(length, size - 8));
    }
    Header header;
    try {
      header = Header.parse(utf8(bytes.asSlice(8, length)), size - 8 - length);
    } catch (Header.Malformed malformed) {
      throw fault(malformed.getMessage());
    }
    this.metadata = Collections.unmodifiableMap(header.metadata());
    for (Header.Place place : header.places()) {
      MemorySegment data = bytes.asSlice(8 + length + place.begin(), place.end() - place.begin());
      tensors.put(place.name(), new TensorView(place.name(), place.dtype(), place.shape(), data));
    }
  }

  /**
   * Maps {@code path} and checks it. The file must not be cut short by others while it is open;
   * replacing it by a rename is fine.
   *
   * @throws PreambleException when the file is missing, unreadable or malformed; the message names
   *     it
   */
  public static SafetensorsFile open(Path path) {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = channel(path)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new SafetensorsFile(path, Optional.of(arena), bytes, HEADER_CAP);
    } catch (IOException fault) {
      arena.close();
      throw unreadable(path, fault);
    } catch (RuntimeException fault) {
      arena.close();
      throw fault;
    }
  }

  /**
   * Reads all of {@code path} into memory and checks it: for small files that others may change at
   * any time. Views stay valid as long as they are reachable, and {@link #close} does nothing.
   *
   * @param headerCap longest header accepted, in bytes
   * @param cap largest file accepted, in bytes
   */
  public static SafetensorsFile read(Path path, int headerCap, long cap) {
    try (FileChannel channel = channel(path)) {
      long size = channel.size();
      if (size > cap) {
        throw new PreambleException(
            "%s has %,d bytes, more than the %,d allowed".formatted(path, size, cap));
      }
      MemorySegment bytes = memory(size);
      for (long filled = 0; filled < size; ) {
        ByteBuffer rest = bytes.asSlice(filled, Math.min(size - filled, PIECE)).asByteBuffer();
        int got = channel.read(rest, filled);
        if (got < 0) {
          throw new PreambleException(path + " was cut short while it was read; try again");
        }
        filled += got;
      }
      return new SafetensorsFile(path, Optional.empty(), bytes, headerCap);
    } catch (IOException fault) {
      throw unreadable(path, fault);
    }
  }

  /** On the heap where an array can hold it: native memory would be freed much later. */
  private static MemorySegment memory(long size) {
    return size <= Integer.MAX_VALUE - 8
        ? MemorySegment.ofArray(new byte[(int) size])
        : Arena.ofAuto().allocate(size);
  }

  /** The file that was opened. */
  public Path path() {
    return path;
  }

  /** The file's own notes, text to text, in file order; {@code format = pt} in PEFT's files. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** Names of all tensors in the order of their bytes. */
  public SequencedCollection<String> names() {
    return Collections.unmodifiableSequencedSet(tensors.sequencedKeySet());
  }

  /** All tensors in the order of their bytes. */
  public Collection<TensorView> tensors() {
    return Collections.unmodifiableCollection(tensors.values());
  }

  /** The tensor called {@code name}, if there is one. */
  public Optional<TensorView> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /**
   * The tensor called {@code name}.
   *
   * @throws PreambleException when there is none; the message lists what there is
   */
  public TensorView tensor(String name) {
    return find(name)
        .orElseThrow(
            () ->
                fault(
                    "there is no tensor '%s'; there are %s%s"
                        .formatted(
                            name,
                            tensors.keySet().stream().limit(8).toList(),
                            tensors.size() > 8
                                ? " and %d more".formatted(tensors.size() - 8)
                                : "")));
  }

  /** Where the bytes of {@code tensor}, which is this file's, begin in the file. */
  public long offset(TensorView tensor) {
    return tensor.data().address() - bytes.address();
  }

  /** Ends the mapping; views of this file fail from here on. */
  @Override
  public void close() {
    mapping.ifPresent(Arena::close);
  }

  private static FileChannel channel(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new PreambleException(path + " is a folder; a safetensors file was expected");
    }
    return FileChannel.open(path, StandardOpenOption.READ);
  }

  private static PreambleException unreadable(Path path, IOException fault) {
    return new PreambleException("cannot read " + path + ": " + WholeFile.reason(fault), fault);
  }

  private PreambleException fault(String message) {
    return new PreambleException(path + ": " + message);
  }

  private String utf8(MemorySegment header) {
    if (header.byteSize() == 0 || header.get(ValueLayout.JAVA_BYTE, 0) != '{') {
      throw fault("the header must begin with '{'");
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(header.asByteBuffer())
          .toString();
    } catch (CharacterCodingException malformed) {
      throw fault("the header is not valid UTF-8");
    }
  }
}
