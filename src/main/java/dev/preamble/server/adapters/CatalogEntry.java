package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One adapter of the catalog through its versions. The files are read under the entry's lock, once
 * for all who wait for them; whoever finds the values in memory waits for nobody.
 */
final class CatalogEntry {
  /** What is told to whoever watches. */
  enum Change {
    NONE,
    LOADED,
    FAILED,
    REMOVED
  }

  private final String name;
  private final Path folder;
  private final boolean registered;
  private final Confined confined;
  private final AdapterLoader loader;

  private final AtomicReference<Optional<AdapterLoader.Loaded>> current =
      new AtomicReference<>(Optional.empty());
  private Fingerprint seen = Fingerprint.NOTHING;
  private volatile Optional<String> fault = Optional.empty();
  private volatile boolean pinned;
  private volatile boolean withdrawn;
  private volatile boolean retired;

  CatalogEntry(
      String name, Path folder, boolean registered, Confined confined, AdapterLoader loader) {
    this.name = name;
    this.folder = folder;
    this.registered = registered;
    this.confined = confined;
    this.loader = loader;
  }

  String name() {
    return name;
  }

  Path folder() {
    return folder;
  }

  boolean isRegistered() {
    return registered;
  }

  boolean isWithdrawn() {
    return withdrawn;
  }

  /** Whether its name leads to another entry by now, or to none. */
  boolean isRetired() {
    return retired;
  }

  /** Its name leads here no more, for good. */
  void retire() {
    retired = true;
  }

  AdapterState state() {
    Optional<AdapterLoader.Loaded> now = current.get();
    return new AdapterState(
        name,
        folder,
        now.map(AdapterLoader.Loaded::version),
        fault,
        now.filter(AdapterLoader.Loaded::hasValues).isPresent(),
        pinned,
        registered);
  }

  /** Whether the values must stay in memory: wanted so, or not to be had from the files again. */
  boolean isHeld() {
    return pinned || fault.isPresent();
  }

  void pin(boolean wanted) {
    pinned = wanted;
  }

  /** Takes the values out of memory; running requests have their own hold of them. */
  void giveUpValues() {
    current.updateAndGet(now -> now.map(AdapterLoader.Loaded::withoutValues));
  }

  /** Serves the adapter no more until its files change or it is loaded again. */
  synchronized void withdraw() {
    withdrawn = true;
    current.set(Optional.empty());
    fault = Optional.empty();
  }

  /** Serves the adapter with its files as they are now, also if it was withdrawn. */
  synchronized Change restore() {
    seen = Fingerprint.NOTHING;
    withdrawn = false;
    return refresh();
  }

  /**
   * Reads the files if they have changed since they were last read. Files that cannot be used are a
   * {@link AdapterState#fault}, and the version before stays; files that are gone take it with
   * them.
   */
  synchronized Change refresh() {
    Fingerprint now = Fingerprint.of(folder);
    if (now.equals(seen) && (withdrawn || fault.isPresent() || current.get().isPresent())) {
      return Change.NONE;
    }
    seen = now;
    withdrawn = false;
    if (Files.isDirectory(folder)) {
      return read();
    }
    fault = Optional.of("there is no folder %s any more".formatted(folder));
    return current.getAndSet(Optional.empty()).isPresent() ? Change.REMOVED : Change.FAILED;
  }

  private Change read() {
    try {
      AdapterName.require(name);
      confined.check(folder);
      AdapterLoader.Loaded loaded = loader.load(name, folder);
      fault = Optional.empty();
      Optional<AdapterLoader.Loaded> before = current.getAndSet(Optional.of(loaded));
      return before.filter(loaded::isOfSameContent).isPresent() ? Change.NONE : Change.LOADED;
    } catch (RuntimeException | InternalError unusable) {
      fault = Optional.of(reason(unusable));
      current.updateAndGet(before -> before.filter(AdapterLoader.Loaded::hasValues));
      return Change.FAILED;
    }
  }

  private static String reason(Throwable unusable) {
    return unusable instanceof PreambleException
        ? unusable.getMessage()
        : "the files cannot be read: " + unusable;
  }

  /**
   * The version that is served, with its values, which are read again if they are not in memory.
   */
  Optional<AdapterLoader.Loaded> loaded() {
    Optional<AdapterLoader.Loaded> now = current.get();
    return now.isEmpty() || now.get().hasValues() ? now : readAgain();
  }

  private synchronized Optional<AdapterLoader.Loaded> readAgain() {
    if (!current.get().map(AdapterLoader.Loaded::hasValues).orElse(true)) {
      seen = Fingerprint.of(folder);
      read();
    }
    return current.get().filter(AdapterLoader.Loaded::hasValues);
  }
}
