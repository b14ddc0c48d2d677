package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.WholeFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An upload under way: a hidden folder beside the adapters, which takes its place among them when
 * it holds a whole adapter that can be served, and is removed otherwise.
 */
public final class AdapterUpload implements AutoCloseable {
  private final AdapterCatalog catalog;
  private final String name;
  private final Path place;
  private final List<String> ignored = new ArrayList<>();

  private AdapterUpload(AdapterCatalog catalog, String name, Path place) {
    this.catalog = catalog;
    this.name = name;
    this.place = place;
  }

  /**
   * Begins an upload of the adapter {@code name}.
   *
   * @throws PreambleException if no adapter can have that name, or the disk stands in the way
   */
  public static AdapterUpload begin(AdapterCatalog catalog, String name) {
    catalog.requireFree(name);
    Path place = Leftovers.fresh(catalog.uploadFolder());
    try {
      Files.createDirectory(place);
      return new AdapterUpload(catalog, name, place);
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot write into the folder of adapters: " + WholeFile.reason(fault), fault);
    }
  }

  /** Where a tar of the files is to be written. */
  public Path tar() {
    return place.resolve("upload.tar");
  }

  /**
   * Where the single file called {@code given} is to be written; none when it is no file of an
   * adapter, and is to be read past.
   *
   * @throws ArchiveException if the name leads elsewhere, is a pickle's or came before
   */
  public Optional<Path> file(String given) {
    Optional<String> kept = AdapterFile.kept(given);
    if (kept.isEmpty()) {
      ignored.add(AdapterFile.shown(given));
    }
    return kept.map(
        file -> {
          Path path = files().resolve(file);
          try {
            Files.createDirectories(files());
            return Files.createFile(path);
          } catch (IOException taken) {
            throw new ArchiveException("expected one file %s, found two".formatted(file));
          }
        });
  }

  private Path files() {
    return place.resolve("files.tmp");
  }

  /**
   * Takes the files that were written, or those in the tar, as the adapter.
   *
   * @return what is served now
   * @throws PreambleException if they are no adapter that can be served: nothing has changed then
   */
  public Placed finish() {
    if (Files.exists(tar())) {
      ignored.addAll(AdapterTar.unpack(tar(), files()));
    }
    if (!Files.exists(files().resolve(AdapterFile.CONFIG))
        || !Files.exists(files().resolve(AdapterFile.TENSORS))) {
      throw new ArchiveException(
          "expected the files %s and %s, found others or none"
              .formatted(AdapterFile.CONFIG, AdapterFile.TENSORS));
    }
    return catalog.install(name, files());
  }

  /** Names of files that were left out. */
  public List<String> ignored() {
    return List.copyOf(ignored);
  }

  /** Removes what is left of the upload. */
  @Override
  public void close() {
    WholeFolder.remove(place);
  }
}
