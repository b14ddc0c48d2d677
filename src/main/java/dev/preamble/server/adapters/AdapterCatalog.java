package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.WholeFolder;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.adapters.CatalogException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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
  private static final int LOCKS = 64;

  private final String base;
  private final AdapterCatalogOptions options;
  private final Optional<Confined> paths;
  private final AdapterLoader loader;
  private final AdapterEvents events;
  private final Residents residents;
  private final Map<String, CatalogEntry> entries = new ConcurrentHashMap<>();

  /**
   * A name's lock is held by whoever changes what it leads to, its folder included, so that he
   * finds there what he put there. Several names may share one.
   */
  private final List<Object> locks = Stream.generate(Object::new).limit(LOCKS).toList();

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
    Set<String> names = new TreeSet<>(entries.keySet());
    options.folder().ifPresent(folder -> names.addAll(new Confined(folder).folders()));
    names.forEach(this::look);
  }

  /** Takes over what has changed under {@code name}; gives its entry, if there is one then. */
  private Optional<CatalogEntry> look(String name) {
    synchronized (lock(name)) {
      find(name).ifPresent(this::refresh);
      return Optional.ofNullable(entries.get(name));
    }
  }

  private Object lock(String name) {
    return locks.get(Math.floorMod(name.hashCode(), LOCKS));
  }

  /** The entry of that name, a new one for a folder that has none; under the name's lock. */
  private Optional<CatalogEntry> find(String name) {
    return Optional.ofNullable(entries.get(name))
        .or(
            () ->
                options
                    .folder()
                    .filter(root -> Files.isDirectory(root.resolve(name)))
                    .map(root -> standing(name, root)));
  }

  private CatalogEntry standing(String name, Path root) {
    CatalogEntry entry =
        new CatalogEntry(name, root.resolve(name), false, new Confined(root), loader);
    entries.put(name, entry);
    return entry;
  }

  private void refresh(CatalogEntry entry) {
    report(entry, entry.refresh());
    if (!entry.isRegistered() && !Files.isDirectory(entry.folder())) {
      drop(entry);
    }
  }

  private void drop(CatalogEntry entry) {
    entries.remove(entry.name(), entry);
    entry.withdraw();
    retire(entry);
  }

  /** Whoever has found the entry may go on with it, but it counts no more. */
  private void retire(CatalogEntry entry) {
    entry.retire();
    residents.used(entry);
  }

  private void report(CatalogEntry entry, CatalogEntry.Change change) {
    AdapterState state = entry.state();
    switch (change) {
      case NONE -> {}
      case LOADED -> state.version().ifPresent(events::loaded);
      case FAILED -> events.failed(entry.name(), state.fault().orElse("gone"));
      case REMOVED -> events.removed(entry.name());
    }
    residents.used(entry);
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
    entry.ifPresent(residents::used);
    return loaded
        .filter(now -> task.isPresent() == (now.tasks().size() > 1))
        .filter(now -> task.orElse(0) < now.tasks().size())
        .map(now -> new Resolved(id, now.version(), now.tasks().get(task.orElse(0))));
  }

  /** The entry of that name; its files are looked at when there is none, or none is served. */
  private Optional<CatalogEntry> entry(String name) {
    Optional<CatalogEntry> known = Optional.ofNullable(entries.get(name));
    if (known.isPresent() ? serves(known) : !AdapterName.isPlain(name) || name.equals(base)) {
      return known;
    }
    return look(name);
  }

  private static boolean serves(Optional<CatalogEntry> entry) {
    return entry.flatMap(each -> each.state().version()).isPresent();
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
  public Placed register(String name, String path, boolean again) {
    requireFree(name);
    Confined root =
        paths.orElseThrow(
            () ->
                new CatalogException(
                    Reason.UNUSABLE,
                    "path: this server has no folder of adapters; start it with --adapters"));
    Path folder = root.folder(path);
    synchronized (lock(name)) {
      Optional<CatalogEntry> known = look(name).filter(entry -> !entry.isWithdrawn());
      boolean replaced = serves(known);
      if (known.filter(entry -> entry.state().fault().isEmpty()).isPresent() && !again) {
        throw new CatalogException(
            Reason.CONFLICT, "there is an adapter '%s' already; unload it first".formatted(name));
      }
      Optional<CatalogEntry> standing = find(name).filter(entry -> !entry.isRegistered());
      if (standing.isPresent()) {
        return restored(standing.get(), folder, replaced);
      }
      CatalogEntry fresh = new CatalogEntry(name, folder, true, root, loader);
      fresh.pin(known.map(entry -> entry.state().pinned()).orElse(false));
      CatalogEntry.Change change = fresh.refresh();
      AdapterState state = served(fresh);
      Optional.ofNullable(entries.put(name, fresh)).ifPresent(this::retire);
      report(fresh, change);
      return new Placed(state, replaced);
    }
  }

  /** Serves an adapter of the folder again, which {@code folder} must be. */
  private Placed restored(CatalogEntry entry, Path folder, boolean replaced) {
    if (!isSame(entry.folder(), folder)) {
      throw new CatalogException(
          Reason.CONFLICT,
          "an adapter '%s' stands in the server's folder; choose another name"
              .formatted(entry.name()));
    }
    report(entry, entry.restore());
    return new Placed(served(entry), replaced);
  }

  private static boolean isSame(Path one, Path other) {
    try {
      return Files.isSameFile(one, other);
    } catch (IOException gone) {
      return false;
    }
  }

  private static AdapterState served(CatalogEntry entry) {
    AdapterState state = entry.state();
    state
        .fault()
        .ifPresent(
            fault -> {
              throw new CatalogException(Reason.UNUSABLE, fault);
            });
    return state;
  }

  /**
   * Serves {@code name} no more and leaves its files. One of the folder comes back when its files
   * change or it is registered again.
   *
   * @throws CatalogException if there is no such adapter
   */
  public void unload(String name) {
    synchronized (lock(name)) {
      CatalogEntry entry = known(name);
      if (entry.isRegistered()) {
        drop(entry);
      } else {
        entry.withdraw();
        residents.used(entry);
      }
      events.removed(name);
    }
  }

  /**
   * Serves {@code name} no more and removes its files, if they stand in the folder of adapters;
   * those elsewhere stay.
   *
   * @throws PreambleException if there is no such adapter, or the disk stands in the way
   */
  public void delete(String name) {
    synchronized (lock(name)) {
      CatalogEntry entry = known(name);
      if (!entry.isRegistered()) {
        WholeFolder.remove(entry.folder());
      }
      drop(entry);
      events.removed(name);
    }
  }

  /**
   * Keeps the values of {@code name} in memory, or no longer.
   *
   * @throws CatalogException if there is no such adapter, or it cannot be kept
   */
  public AdapterState pin(String name, boolean wanted) {
    synchronized (lock(name)) {
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
      residents.used(entry);
      return entry.state();
    }
  }

  /** The values of {@code name}, one for each of its tasks, if it is pinned and served. */
  public List<FittedAdapter> pinned(String name) {
    Optional<CatalogEntry> pinned =
        Optional.ofNullable(entries.get(name)).filter(entry -> entry.state().pinned());
    Optional<AdapterLoader.Loaded> loaded = pinned.flatMap(CatalogEntry::loaded);
    pinned.ifPresent(residents::used);
    return loaded.map(AdapterLoader.Loaded::tasks).orElse(List.of());
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
  public Placed install(String name, Path filled) {
    requireFree(name);
    requireNotRegistered(name);
    Path root = uploadFolder();
    try {
      loader.load(name, filled);
    } catch (PreambleException fault) {
      throw new ArchiveException(fault.getMessage().replace(filled.toString(), name));
    }
    synchronized (lock(name)) {
      requireNotRegistered(name);
      boolean replaced = serves(look(name));
      put(filled, root.resolve(name));
      CatalogEntry entry = find(name).orElseGet(() -> standing(name, root));
      report(entry, entry.restore());
      return new Placed(served(entry), replaced);
    }
  }

  private void requireNotRegistered(String name) {
    if (Optional.ofNullable(entries.get(name)).filter(CatalogEntry::isRegistered).isPresent()) {
      throw new CatalogException(
          Reason.CONFLICT,
          "adapter '%s' was registered by its path; unload it first".formatted(name));
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
    synchronized (lock(name)) {
      new AdapterDownload(name, () -> known(name).folder(), () -> look(name)).into(tar);
    }
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
