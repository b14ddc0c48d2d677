package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.WholeFolder;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.adapters.CatalogException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The adapters that are served, by name.
 *
 * <p>They come from the sub-folders of a folder, which is looked at again and again; a name that
 * nobody knows yet is looked for there when it is first asked for. Others are registered by a path.
 * What a name leads to is always one whole version: whoever has resolved it keeps that version for
 * as long as he needs, and the next one gets the newest. A folder that cannot be loaded is an entry
 * with its fault, and harms no other.
 */
public final class AdapterCatalog {
  private static final Pattern TASK = Pattern.compile("(.+):(\\d{1,6})");

  private final String base;
  private final AdapterCatalogOptions options;
  private final Optional<Confined> paths;
  private final AdapterLoader loader;
  private final AdapterEvents events;
  private final Residents residents;
  private final Map<String, CatalogEntry> entries = new ConcurrentHashMap<>();

  /** Held by whoever changes the folder of adapters, so that he finds there what he put there. */
  private final Object folderChange = new Object();

  private AdapterCatalog(
      String base,
      AdapterCatalogOptions options,
      Optional<Confined> paths,
      AdapterLoader loader,
      AdapterEvents events) {
    this.base = base;
    this.options = options;
    this.paths = paths;
    this.loader = loader;
    this.events = events;
    this.residents = new Residents(options.bytes());
  }

  /**
   * The adapters for {@code model}, all that stand in the folder now loaded.
   *
   * @throws PreambleException if a folder is none of adapters
   */
  public static AdapterCatalog open(
      FrozenModel model, AdapterCatalogOptions options, InstantSource clock, AdapterEvents events) {
    options.folder().ifPresent(AdapterCatalog::requireFolderOfAdapters);
    Optional<Path> root = options.paths().or(options::folder);
    options.paths().ifPresent(AdapterCatalog::requireFolderOfAdapters);
    AdapterCatalog catalog =
        new AdapterCatalog(
            model.manifest().baseModel().name(),
            options,
            root.map(Confined::new),
            new AdapterLoader(model, clock),
            events);
    options.folder().ifPresent(Leftovers::remove);
    catalog.look();
    return catalog;
  }

  private static void requireFolderOfAdapters(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new PreambleException(
          "%s: expected a folder of adapters, found %s"
              .formatted(folder, Files.exists(folder) ? "a file" : "nothing"));
    }
    if (Files.exists(folder.resolve("adapter_config.json"))) {
      throw new PreambleException(
          "%s: expected a folder of adapters, found an adapter; name the folder that holds it"
              .formatted(folder));
    }
  }

  /** Takes over what has changed in the folder and at registered paths. */
  public void look() {
    options
        .folder()
        .ifPresent(folder -> new Confined(folder).folders().forEach(name -> refresh(found(name))));
    for (CatalogEntry entry : List.copyOf(entries.values())) {
      refresh(entry);
      if (!entry.isRegistered() && !Files.isDirectory(entry.folder())) {
        entries.remove(entry.name(), entry);
        residents.gone(entry);
      }
    }
  }

  private CatalogEntry found(String name) {
    Path folder = options.folder().orElseThrow();
    return entries.computeIfAbsent(
        name,
        key -> new CatalogEntry(key, folder.resolve(key), false, new Confined(folder), loader));
  }

  private void refresh(CatalogEntry entry) {
    report(entry, entry.refresh());
  }

  private void report(CatalogEntry entry, CatalogEntry.Change change) {
    AdapterState state = entry.state();
    switch (change) {
      case NONE -> {}
      case LOADED -> state.version().ifPresent(events::loaded);
      case FAILED -> events.failed(entry.name(), state.fault().orElse("gone"));
      case REMOVED -> events.removed(entry.name());
    }
    account(entry, state);
  }

  private void account(CatalogEntry entry, AdapterState state) {
    if (state.resident()) {
      residents.used(entry, state.version().orElseThrow().bytes());
    } else {
      residents.gone(entry);
    }
  }

  /**
   * What the model id {@code id} leads to now, if to an adapter: by its name, or by {@code
   * name:task} where it holds prompts for several tasks. May read files.
   */
  public Optional<Resolved> resolve(String id) {
    Matcher task = TASK.matcher(id);
    if (task.matches()) {
      return resolve(id, task.group(1), OptionalInt.of(Integer.parseInt(task.group(2))));
    }
    return resolve(id, id, OptionalInt.empty());
  }

  private Optional<Resolved> resolve(String id, String name, OptionalInt task) {
    Optional<CatalogEntry> entry = entry(name);
    Optional<AdapterLoader.Loaded> loaded = entry.flatMap(CatalogEntry::loaded);
    entry.ifPresent(known -> account(known, known.state()));
    return loaded
        .filter(now -> task.isPresent() == (now.tasks().size() > 1))
        .filter(now -> task.orElse(0) < now.tasks().size())
        .map(now -> new Resolved(id, now.version(), now.tasks().get(task.orElse(0))));
  }

  /** The entry of that name; its files are looked at when there is none, or none is served. */
  private Optional<CatalogEntry> entry(String name) {
    CatalogEntry known = entries.get(name);
    if (known != null) {
      if (known.state().version().isEmpty()) {
        refresh(known);
      }
      return Optional.of(known);
    }
    if (!AdapterName.isPlain(name)
        || name.equals(base)
        || options.folder().filter(root -> Files.isDirectory(root.resolve(name))).isEmpty()) {
      return Optional.empty();
    }
    CatalogEntry found = found(name);
    refresh(found);
    return Optional.of(found);
  }

  /** All adapters, by name, those that cannot be served included. */
  public List<AdapterState> adapters() {
    return entries.values().stream()
        .filter(entry -> !entry.isWithdrawn())
        .map(CatalogEntry::state)
        .sorted(Comparator.comparing(AdapterState::name))
        .toList();
  }

  /** The adapter called {@code name}, looked for in the folder when it is not known yet. */
  public Optional<AdapterState> adapter(String name) {
    return entry(name).filter(entry -> !entry.isWithdrawn()).map(CatalogEntry::state);
  }

  /**
   * Serves the adapter at {@code path} under {@code name}, until the server ends or it is {@link
   * #unload unloaded}.
   *
   * @param path a folder inside the one for paths, relative to it or absolute
   * @param again whether a name that is taken is loaded anew
   * @throws PreambleException if it lies elsewhere or cannot be loaded, or the name is taken
   */
  public AdapterVersion register(String name, String path, boolean again) {
    requireFree(name);
    Confined root =
        paths.orElseThrow(
            () ->
                new CatalogException(
                    Reason.UNUSABLE,
                    "path: this server has no folder of adapters; start it with --adapters"));
    Path folder = root.folder(path);
    CatalogEntry known = entries.get(name);
    boolean taken = known != null && !known.isWithdrawn() && known.state().fault().isEmpty();
    if (taken && !again) {
      throw new CatalogException(
          Reason.CONFLICT, "there is an adapter '%s' already; unload it first".formatted(name));
    }
    if (known != null && !known.isRegistered()) {
      if (!isSame(known.folder(), folder)) {
        throw new CatalogException(
            Reason.CONFLICT,
            "an adapter '%s' stands in the server's folder; choose another name".formatted(name));
      }
      report(known, known.restore());
      return served(known);
    }
    CatalogEntry fresh = new CatalogEntry(name, folder, true, root, loader);
    fresh.pin(taken && known.state().pinned());
    CatalogEntry.Change change = fresh.refresh();
    AdapterVersion version = served(fresh);
    CatalogEntry before = entries.put(name, fresh);
    if (before != null) {
      residents.gone(before);
    }
    report(fresh, change);
    return version;
  }

  private static boolean isSame(Path one, Path other) {
    try {
      return Files.isSameFile(one, other);
    } catch (IOException gone) {
      return false;
    }
  }

  private static AdapterVersion served(CatalogEntry entry) {
    AdapterState state = entry.state();
    state
        .fault()
        .ifPresent(
            fault -> {
              throw new CatalogException(Reason.UNUSABLE, fault);
            });
    return state.version().orElseThrow();
  }

  /**
   * Serves {@code name} no more and leaves its files. One of the folder comes back when its files
   * change or it is registered again.
   *
   * @throws CatalogException if there is no such adapter
   */
  public void unload(String name) {
    CatalogEntry entry = known(name);
    if (entry.isRegistered()) {
      entries.remove(name, entry);
    } else {
      entry.withdraw();
    }
    residents.gone(entry);
    events.removed(name);
  }

  /**
   * Serves {@code name} no more and removes its files, if they stand in the folder of adapters;
   * those elsewhere stay.
   *
   * @throws PreambleException if there is no such adapter, or the disk stands in the way
   */
  public void delete(String name) {
    synchronized (folderChange) {
      CatalogEntry entry = known(name);
      if (!entry.isRegistered()) {
        WholeFolder.remove(entry.folder());
      }
      entries.remove(name, entry);
      entry.withdraw();
      residents.gone(entry);
      events.removed(name);
    }
  }

  /**
   * Keeps the values of {@code name} in memory, or no longer.
   *
   * @throws CatalogException if there is no such adapter, or it cannot be kept
   */
  public AdapterState pin(String name, boolean wanted) {
    CatalogEntry entry = known(name);
    long bytes = entry.state().version().map(AdapterVersion::bytes).orElse(0L);
    if (wanted && bytes > residents.budget()) {
      throw new CatalogException(
          Reason.CONFLICT,
          "%s has %,d bytes, more than the %,d for all adapters; raise --adapter-bytes"
              .formatted(name, bytes, residents.budget()));
    }
    entry.pin(wanted);
    entry.loaded();
    account(entry, entry.state());
    return entry.state();
  }

  /** The values of {@code name}, one for each of its tasks, if it is pinned and served. */
  public List<FittedAdapter> pinned(String name) {
    return Optional.ofNullable(entries.get(name))
        .filter(entry -> entry.state().pinned())
        .flatMap(CatalogEntry::loaded)
        .map(AdapterLoader.Loaded::tasks)
        .orElse(List.of());
  }

  private CatalogEntry known(String name) {
    return entry(name)
        .filter(entry -> !entry.isWithdrawn())
        .orElseThrow(
            () -> new CatalogException(Reason.UNKNOWN, "there is no adapter '%s'".formatted(name)));
  }

  /**
   * Puts the adapter in {@code filled}, a folder beside the adapters, in the place of {@code name}:
   * whole, or not at all if it cannot be served.
   *
   * @throws ArchiveException if it cannot be served
   * @throws CatalogException if the name is taken by something else
   * @throws PreambleException if the disk stands in the way
   */
  public AdapterVersion install(String name, Path filled) {
    requireFree(name);
    CatalogEntry known = entries.get(name);
    if (known != null && known.isRegistered()) {
      throw new CatalogException(
          Reason.CONFLICT,
          "adapter '%s' was registered by its path; unload it first".formatted(name));
    }
    Path place = uploadFolder().resolve(name);
    try {
      loader.load(name, filled);
    } catch (PreambleException fault) {
      throw new ArchiveException(fault.getMessage().replace(filled.toString(), name));
    }
    synchronized (folderChange) {
      put(filled, place);
      CatalogEntry entry = found(name);
      report(entry, entry.restore());
      return served(entry);
    }
  }

  private static void put(Path filled, Path place) {
    try {
      WholeFolder.put(filled, place);
    } catch (PreambleException fault) {
      throw new PreambleException(
          fault.getMessage().replace(place.toString(), place.getFileName().toString()), fault);
    }
  }

  /**
   * Refuses names that no adapter can have.
   *
   * @throws CatalogException if the name leads elsewhere, or is the frozen model's
   */
  public void requireFree(String name) {
    if (!AdapterName.isPlain(name)) {
      throw new CatalogException(Reason.UNUSABLE, AdapterName.refusal(name));
    }
    if (name.equals(base)) {
      throw new CatalogException(
          Reason.CONFLICT, "'%s' is the frozen model's name; choose another".formatted(name));
    }
  }

  /**
   * Writes the files of {@code name}, all of one moment, as a tar archive.
   *
   * @throws PreambleException if there is no such adapter, or it cannot be read
   */
  public void download(String name, Path tar) {
    CatalogEntry entry = known(name);
    Fingerprint before;
    do {
      before = Fingerprint.of(entry.folder());
      try (OutputStream out = Files.newOutputStream(tar)) {
        AdapterTar.pack(AdapterTar.holder(entry.folder()), out);
      } catch (IOException fault) {
        throw new PreambleException(
            "cannot pack adapter %s: %s".formatted(name, WholeFile.reason(fault)), fault);
      }
    } while (!before.equals(Fingerprint.of(entry.folder())));
  }

  /** The folder that uploads go to. */
  public Path uploadFolder() {
    return options
        .folder()
        .orElseThrow(
            () ->
                new CatalogException(
                    Reason.UNUSABLE,
                    "this server has no folder of adapters; start it with --adapters"));
  }

  /** Bytes of adapters' values in memory. */
  public long residentBytes() {
    return residents.bytes();
  }
}
