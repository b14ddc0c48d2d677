package dev.preamble.model;

import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * The SHA-256 digests of a model's graph and weights, computed from the files and compared with
 * those that its manifest gives. Opening a model does not do this, for it reads every byte.
 */
public final class ModelDigests {
  private static final int PIECE = 1 << 22;

  private ModelDigests() {}

  /** The digests that {@code manifest} gives, in hexadecimal, by file. */
  public static Map<String, String> expected(Manifest manifest) {
    Map<String, String> digests = new LinkedHashMap<>();
    digests.put(manifest.graph(), manifest.graphSha256());
    manifest.weights().files().forEach(file -> digests.put(file.file(), file.sha256()));
    return digests;
  }

  /** Bytes that {@link #verify} reads of the weights; the graph's come on top. */
  public static long bytes(Manifest manifest) {
    return manifest.weights().files().stream().mapToLong(Manifest.WeightFile::bytes).sum();
  }

  /**
   * Reads graph and weights in {@code folder} and compares.
   *
   * @param progress told the number of bytes read with each piece
   * @throws ModelException if a file cannot be read or has another content; the message names all
   *     of the latter
   */
  public static void verify(Path folder, Manifest manifest, LongConsumer progress) {
    List<String> wrong = new ArrayList<>();
    expected(manifest)
        .forEach(
            (name, digest) -> {
              String found = digest(folder.resolve(name), progress);
              if (!found.equals(digest)) {
                wrong.add("%s: expected SHA-256 %s, found %s".formatted(name, digest, found));
              }
            });
    if (!wrong.isEmpty()) {
      throw new ModelException(
          "%s: %s; fetch the model again or export it again"
              .formatted(folder, String.join("; ", wrong)));
    }
  }

  private static String digest(Path file, LongConsumer progress) {
    MessageDigest digest = sha256();
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      for (int read = channel.read(piece); read >= 0; read = channel.read(piece)) {
        digest.update(piece.flip());
        piece.clear();
        progress.accept(read);
      }
    } catch (IOException fault) {
      throw new ModelException(file + ": cannot be read: " + WholeFile.reason(fault), fault);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
