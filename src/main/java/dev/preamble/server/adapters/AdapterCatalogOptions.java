package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Where a server's adapters come from. Begin with {@link #NONE} and change what differs.
 *
 * @param folder the folder whose sub-folders are adapters, and where uploads go
 * @param paths the folder inside which adapters may be named by their path; the former if not given
 * @param look how often the folder is looked at
 * @param bytes bytes of adapters' values that stay in memory
 * @param uploadBytes bytes that an upload may have
 */
public record AdapterCatalogOptions(
    Optional<Path> folder, Optional<Path> paths, Duration look, long bytes, long uploadBytes) {
  /** No folder; if there were one: looked at each second, 1 GiB of values, uploads of 256 MiB. */
  public static final AdapterCatalogOptions NONE =
      new AdapterCatalogOptions(
          Optional.empty(), Optional.empty(), Duration.ofSeconds(1), 1L << 30, 256L << 20);

  /** Refuses what no catalog can have. */
  public AdapterCatalogOptions {
    if (look.toMillis() < 1 || bytes < 0 || uploadBytes < 1) {
      throw new PreambleException(
          "adapters: expected at least 1 ms between looks, 0 bytes of memory and 1 byte an upload; found %s, %d and %d"
              .formatted(look, bytes, uploadBytes));
    }
  }

  /** These options with a folder of adapters, or without. */
  public AdapterCatalogOptions withFolder(Optional<Path> other) {
    return new AdapterCatalogOptions(other, paths, look, bytes, uploadBytes);
  }

  /** These options with another folder for paths. */
  public AdapterCatalogOptions withPaths(Optional<Path> other) {
    return new AdapterCatalogOptions(folder, other, look, bytes, uploadBytes);
  }

  /** These options with another time between looks. */
  public AdapterCatalogOptions withLook(Duration other) {
    return new AdapterCatalogOptions(folder, paths, other, bytes, uploadBytes);
  }

  /** These options with another budget for values in memory. */
  public AdapterCatalogOptions withBytes(long other) {
    return new AdapterCatalogOptions(folder, paths, look, other, uploadBytes);
  }

  /** These options with another limit for uploads. */
  public AdapterCatalogOptions withUploadBytes(long other) {
    return new AdapterCatalogOptions(folder, paths, look, bytes, other);
  }
}
