package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * An adapter's files as one archive, all of one moment, though others may replace them while they
 * are read.
 *
 * @param name the adapter's
 * @param folder where its files are now; throws if it is gone
 * @param look takes over what has changed on the disk
 */
record AdapterDownload(String name, Supplier<Path> folder, Runnable look) {
  /** Of files that never stay as they are for the time of a reading. */
  private static final int MOST_READINGS = 10;

  /**
   * Writes the archive to {@code tar}.
   *
   * @throws PreambleException if there is no such adapter, or it cannot be read
   */
  void into(Path tar) {
    for (int left = MOST_READINGS; ; left--) {
      Path files = folder.get();
      Fingerprint before = Fingerprint.of(files);
      Optional<PreambleException> fault = pack(files, tar);
      if (fault.isEmpty() && before.equals(Fingerprint.of(files))) {
        return;
      }
      look.run();
      boolean still = before.equals(Fingerprint.of(folder.get()));
      if (left == 1 || fault.isPresent() && still) {
        throw fault.orElseGet(
            () -> new PreambleException("adapter %s changes all the time".formatted(name)));
      }
    }
  }

  /** Packs the files as they are; gives what stood in the way, if anything. */
  private Optional<PreambleException> pack(Path files, Path tar) {
    try (OutputStream out = Files.newOutputStream(tar)) {
      AdapterTar.pack(AdapterTar.holder(files), out);
      return Optional.empty();
    } catch (PreambleException fault) {
      return Optional.of(fault);
    } catch (UncheckedIOException fault) {
      return Optional.of(unpackable(fault.getCause()));
    } catch (IOException fault) {
      return Optional.of(unpackable(fault));
    }
  }

  private PreambleException unpackable(IOException fault) {
    return new PreambleException(
        "cannot pack adapter %s: %s".formatted(name, WholeFile.reason(fault)), fault);
  }
}
