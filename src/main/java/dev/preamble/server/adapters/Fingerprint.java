package dev.preamble.server.adapters;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What changes whenever an adapter's folder changes, and is had without reading the files: which
 * files there are, how long, how old.
 *
 * @param files configuration and tensor files, in the folder itself or one below
 */
record Fingerprint(List<File> files) {
  private static final int DEPTH = 2;
  private static final List<String> NAMES =
      List.of("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin");

  /** A file's identity. */
  record File(String path, String key, long size, FileTime modified) {
    static File of(Path file) {
      try {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new File(
            file.toString(),
            Optional.ofNullable(attributes.fileKey()).map(Object::toString).orElse(""),
            attributes.size(),
            attributes.lastModifiedTime());
      } catch (IOException gone) {
        return new File(file.toString(), "", -1, FileTime.fromMillis(0));
      }
    }
  }

  /** The fingerprint of a folder that is not there. */
  static final Fingerprint NOTHING = new Fingerprint(List.of());

  static Fingerprint of(Path folder) {
    try (Stream<Path> files = Files.walk(folder.toRealPath(), DEPTH)) {
      return new Fingerprint(
          files
              .filter(file -> NAMES.contains(file.getFileName().toString()))
              .sorted()
              .map(File::of)
              .toList());
    } catch (IOException | UncheckedIOException gone) {
      return NOTHING;
    }
  }
}
