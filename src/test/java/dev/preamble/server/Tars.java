package dev.preamble.server;

import dev.preamble.peft.Adapter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Archives to be uploaded, honest ones and others. */
final class Tars {
  private interface Change {
    void add(TarArchiveOutputStream archive) throws IOException;
  }

  private Tars() {}

  /** The files in {@code folder}. */
  static byte[] of(Path folder) throws IOException {
    return with(folder, archive -> {});
  }

  private static byte[] with(Path folder, Change change) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream archive = new TarArchiveOutputStream(bytes);
        Stream<Path> files = Files.list(folder)) {
      archive.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      change.add(archive);
      for (Path file : files.sorted().toList()) {
        add(archive, new TarArchiveEntry("./" + file.getFileName()), Files.readAllBytes(file));
      }
    }
    return bytes.toByteArray();
  }

  private static void add(TarArchiveOutputStream archive, TarArchiveEntry entry, byte[] content)
      throws IOException {
    entry.setSize(content.length);
    archive.putArchiveEntry(entry);
    archive.write(content);
    archive.closeArchiveEntry();
  }

  private static TarArchiveEntry link(String name, byte type, String target) {
    TarArchiveEntry entry = new TarArchiveEntry(name, type);
    entry.setLinkName(target);
    return entry;
  }

  /** A whole adapter each, with something in it that no archive may have, by what that is. */
  static Map<String, byte[]> hostile(Adapter adapter, Path folder) throws IOException {
    Path files = folder.resolve("hostile");
    adapter.save(files);
    byte[] text = "escaped".getBytes(StandardCharsets.UTF_8);
    Map<String, byte[]> tars = new LinkedHashMap<>();
    for (String name :
        List.of(
            "../../escaped",
            "a/../../escaped",
            "/tmp/escaped",
            "..",
            "C:/escaped",
            "..\\escaped",
            "README.md\\..\\escaped")) {
      tars.put(
          "name " + name,
          with(files, archive -> add(archive, new TarArchiveEntry(name, true), text)));
    }
    String config = "adapter_config.json";
    Map<String, TarArchiveEntry> entries = new LinkedHashMap<>();
    entries.put("symbolic link", link("README.md", TarConstants.LF_SYMLINK, "/etc/passwd"));
    entries.put("link of an own name", link("other", TarConstants.LF_SYMLINK, config));
    entries.put("hard link", link("README.md", TarConstants.LF_LINK, "/etc/passwd"));
    entries.put("character device", new TarArchiveEntry("README.md", TarConstants.LF_CHR));
    entries.put("block device", new TarArchiveEntry("README.md", TarConstants.LF_BLK));
    entries.put("fifo", new TarArchiveEntry("README.md", TarConstants.LF_FIFO));
    for (Map.Entry<String, TarArchiveEntry> entry : entries.entrySet()) {
      tars.put(entry.getKey(), with(files, archive -> add(archive, entry.getValue(), new byte[0])));
    }
    tars.put(
        "pickle",
        with(
            files,
            archive -> add(archive, new TarArchiveEntry("adapter_model.bin"), new byte[] {1})));
    tars.put(
        "the same file twice",
        with(files, archive -> add(archive, new TarArchiveEntry("x/" + config), text)));
    tars.put(
        "too many files",
        with(
            files,
            archive -> {
              for (int i = 0; i < 1001; i++) {
                add(archive, new TarArchiveEntry("f" + i), new byte[0]);
              }
            }));
    tars.put(
        "a header of two megabytes",
        with(
            files,
            archive ->
                add(
                    archive,
                    new TarArchiveEntry("x", TarConstants.LF_PAX_EXTENDED_HEADER_LC),
                    "9 path=a\n".repeat(1 << 18).getBytes(StandardCharsets.UTF_8))));
    byte[] honest = of(files);
    tars.put("broken off", Arrays.copyOf(honest, honest.length / 2 - 300));
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream compressed = new GZIPOutputStream(gzip)) {
      compressed.write(honest);
    }
    tars.put("compressed", gzip.toByteArray());
    return tars;
  }
}
