package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Models that the {@link Oracle} makes once, for all test classes and runs. */
final class KeptModels {
  private static final Path FOLDER = Path.of("target/models");
  private static final Path SCRIPTS = Path.of("export-scripts");

  private KeptModels() {}

  /** The folder called {@code key}, which {@code maker} fills when the exporter has changed. */
  static synchronized Path get(String key, Consumer<Path> maker) {
    Path model = FOLDER.resolve(key);
    Path stamp = FOLDER.resolve(key + ".sources");
    try {
      Files.createDirectories(FOLDER);
      try (FileChannel channel =
              FileChannel.open(
                  FOLDER.resolve(key + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          var lock = channel.lock()) {
        assertTrue(lock.isValid());
        String sources = sources();
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(sources)) {
          maker.accept(model);
          Files.writeString(stamp, sources);
        }
        return model;
      }
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  /** The digest of everything that an exported model depends on. */
  private static String sources() throws IOException {
    try (Stream<Path> files =
        Stream.concat(
            Files.walk(SCRIPTS.resolve("preamble_export")),
            Stream.of(SCRIPTS.resolve("preamble_oracle/sized.py")))) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(Files.readAllBytes(SCRIPTS.resolve("requirements.txt")));
      for (Path file : files.filter(f -> f.toString().endsWith(".py")).sorted().toList()) {
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException fault) {
      throw new IllegalStateException(fault);
    }
  }
}
