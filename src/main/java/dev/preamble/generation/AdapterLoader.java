package dev.preamble.generation;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Loads adapters beside the engine's thread, each source once for all that want it meanwhile. */
final class AdapterLoader implements AutoCloseable {
  private static final int THREADS = 2;

  private final Map<String, CompletableFuture<FittedAdapter>> loading = new HashMap<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS, Thread.ofPlatform().daemon().name("preamble-loader-", 0).factory());

  /** The adapter of {@code source}, when it is loaded. */
  synchronized CompletableFuture<FittedAdapter> load(AdapterSource source) {
    String key = source.key();
    CompletableFuture<FittedAdapter> under = loading.get(key);
    if (under != null) {
      return under;
    }
    CompletableFuture<FittedAdapter> started = new CompletableFuture<>();
    loading.put(key, started);
    threads.execute(() -> run(source, key, started));
    return started;
  }

  private void run(AdapterSource source, String key, CompletableFuture<FittedAdapter> result) {
    FittedAdapter loaded;
    try {
      loaded = source.load();
    } catch (Throwable fault) {
      forget(key);
      result.completeExceptionally(fault);
      return;
    }
    forget(key);
    result.complete(loaded);
  }

  private synchronized void forget(String key) {
    loading.remove(key);
  }

  /** Waits until what is being loaded is loaded. */
  @Override
  public void close() {
    threads.close();
  }
}
