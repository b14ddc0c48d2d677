package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineBusyException;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterState;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The prefixes of pinned adapters, which the engine keeps whatever else is used. They follow the
 * content: when another version takes a pinned name its prefix is kept, and the one before it no
 * longer.
 */
final class PinnedPrefixes {
  private final AdapterCatalog catalog;
  private final Engine engine;
  private final ServerLog log;
  private final Map<String, CompletableFuture<Void>> kept = new HashMap<>();
  private final Set<String> refused = new HashSet<>();

  PinnedPrefixes(AdapterCatalog catalog, Engine engine, ServerLog log) {
    this.catalog = catalog;
    this.engine = engine;
    this.log = log;
  }

  /**
   * Keeps the values of {@code name} and their prefix, or no longer; waits until the prefix is
   * there.
   *
   * @throws ApiError if the prefix does not fit beside the others that are pinned
   */
  AdapterState pin(String name, boolean wanted) {
    AdapterState state = catalog.pin(name, wanted);
    try {
      begin(name).forEach(CompletableFuture::join);
      return state;
    } catch (CompletionException failed) {
      unpin(name);
      throw failed.getCause() instanceof RuntimeException cause ? cause : failed;
    } catch (EngineBusyException busy) {
      unpin(name);
      throw busy;
    } catch (PreambleException full) {
      unpin(name);
      throw ApiError.conflict(full.getMessage());
    }
  }

  private void unpin(String name) {
    catalog.pin(name, false);
    look();
  }

  /** Takes over what has changed; what cannot be kept is told to the log, once. */
  synchronized void look() {
    Map<String, FittedAdapter> wanted = forget();
    refused.retainAll(wanted.keySet());
    wanted.keySet().removeAll(refused);
    for (FittedAdapter adapter : wanted.values()) {
      try {
        keep(adapter);
      } catch (EngineBusyException busy) {
        return;
      } catch (PreambleException full) {
        refused.add(adapter.digest());
        log.warning(full.getMessage());
      }
    }
  }

  /** Takes over what has changed; gives the prefixes of {@code name}, computed or on their way. */
  private synchronized List<CompletableFuture<Void>> begin(String name) {
    forget();
    return catalog.pinned(name).stream().map(this::keep).toList();
  }

  private CompletableFuture<Void> keep(FittedAdapter adapter) {
    Optional<CompletableFuture<Void>> known =
        Optional.ofNullable(kept.get(adapter.digest()))
            .filter(prefix -> !prefix.isCompletedExceptionally());
    if (known.isPresent()) {
      return known.get();
    }
    CompletableFuture<Void> begun = engine.pin(adapter);
    kept.put(adapter.digest(), begun);
    return begun;
  }

  /** Unpins what is not wanted any more; gives what is wanted and not kept yet, by digest. */
  private Map<String, FittedAdapter> forget() {
    Map<String, FittedAdapter> wanted = new LinkedHashMap<>();
    for (AdapterState adapter : catalog.adapters()) {
      catalog.pinned(adapter.name()).forEach(each -> wanted.put(each.digest(), each));
    }
    for (String digest : List.copyOf(kept.keySet())) {
      if (wanted.remove(digest) == null) {
        kept.remove(digest);
        engine.unpin(digest);
      }
    }
    return wanted;
  }
}
