package dev.preamble.peft;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** PyTorch archives made byte by byte, for tests of what must be refused. */
final class Torch {
  private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();

  private final int floats;

  /** An archive whose storage holds {@code floats} zeros. */
  Torch(int floats) {
    this.floats = floats;
    bytes(0x80, 2);
  }

  Torch() {
    this(4);
  }

  /** Opcodes and their raw arguments. */
  Torch bytes(int... values) {
    for (int value : values) {
      pickle.write(value);
    }
    return this;
  }

  /** The opcode of a text value. */
  Torch text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return bytes('X', utf8.length, 0, 0, 0).raw(utf8);
  }

  /** The opcode that names something of Python's. */
  Torch global(String module, String name) {
    return bytes('c').raw((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** A float32 tensor in {@code data/0}, of the sizes, strides and offset given. */
  Torch tensor(int offset, int[] sizes, int[] strides) {
    global("torch._utils", "_rebuild_tensor_v2");
    bytes('(', '(').text("storage").global("torch", "FloatStorage").text("0").text("cpu");
    whole(floats).bytes('t', 'Q').whole(offset).tuple(sizes).tuple(strides);
    return bytes(0x89).global("collections", "OrderedDict").bytes(')', 'R', 't', 'R');
  }

  /** Ends the pickle and writes the archive, with its storage. */
  Path save(Path file) throws IOException {
    bytes('.');
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String name : new String[] {"archive/data.pkl", "archive/data/0"}) {
        byte[] content = name.endsWith("0") ? new byte[4 * floats] : pickle.toByteArray();
        out.putNextEntry(stored(name, content));
        out.write(content);
      }
    }
    return file;
  }

  static ZipEntry stored(String name, byte[] content) {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    return entry;
  }

  private Torch tuple(int[] values) {
    bytes('(');
    for (int value : values) {
      whole(value);
    }
    return bytes('t');
  }

  private Torch whole(int value) {
    return bytes('J', value, value >> 8, value >> 16, value >> 24);
  }

  private Torch raw(byte[] bytes) {
    try {
      pickle.write(bytes);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return this;
  }
}
