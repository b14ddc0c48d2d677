package dev.preamble.generation;

import dev.preamble.PreambleException;

/**
 * How an engine runs. Begin with {@link #defaults} and change what differs. What it keeps in memory
 * grows with use, up to the bytes allowed.
 *
 * @param threads threads that compute, the engine's own among them
 * @param queue requests under one adapter that may wait for their turn, and half of all that may;
 *     more are refused
 * @param rows requests that run together at most
 * @param cacheBytes bytes of keys and values of the requests that run
 * @param prefixBytes bytes of adapters' prefixes to keep; those used last stay
 * @param textBytes bytes of keys and values to keep of texts that requests began with
 * @param spins whether the threads that compute keep their processors awake between two steps: a
 *     single text comes a little sooner, and whatever else wants these processors waits
 */
public record EngineOptions(
    int threads,
    int queue,
    int rows,
    long cacheBytes,
    long prefixBytes,
    long textBytes,
    boolean spins) {
  /** Refuses what no engine can have. */
  public EngineOptions {
    require("threads", 1, threads);
    require("waiting requests", 1, queue);
    require("rows", 1, rows);
    require("bytes of cache", 1, cacheBytes);
    require("bytes for prefixes", 0, prefixBytes);
    require("bytes for texts", 0, textBytes);
  }

  private static void require(String what, long least, long found) {
    if (found < least) {
      throw new PreambleException(
          "%s of an engine: expected at least %d, found %,d".formatted(what, least, found));
    }
  }

  /**
   * Every processor, 256 waiting requests under an adapter, 32 rows; 2 GiB of cache, 1 GiB of
   * prefixes, 256 MiB of texts at most.
   */
  public static EngineOptions defaults() {
    return new EngineOptions(
        Runtime.getRuntime().availableProcessors(), 256, 32, 2L << 30, 1L << 30, 1L << 28, true);
  }

  /** These options with another number of threads. */
  public EngineOptions withThreads(int threads) {
    return new EngineOptions(threads, queue, rows, cacheBytes, prefixBytes, textBytes, spins);
  }

  /** These options with another number of waiting requests. */
  public EngineOptions withQueue(int queue) {
    return new EngineOptions(threads, queue, rows, cacheBytes, prefixBytes, textBytes, spins);
  }

  /** These options with another number of rows. */
  public EngineOptions withRows(int rows) {
    return new EngineOptions(threads, queue, rows, cacheBytes, prefixBytes, textBytes, spins);
  }

  /** These options with another budget for the cache. */
  public EngineOptions withCacheBytes(long cacheBytes) {
    return new EngineOptions(threads, queue, rows, cacheBytes, prefixBytes, textBytes, spins);
  }

  /** These options with another budget for prefixes. */
  public EngineOptions withPrefixBytes(long prefixBytes) {
    return new EngineOptions(threads, queue, rows, cacheBytes, prefixBytes, textBytes, spins);
  }

  /** These options with another budget for texts. */
  public EngineOptions withTextBytes(long textBytes) {
    return new EngineOptions(threads, queue, rows, cacheBytes, prefixBytes, textBytes, spins);
  }

  /** These options with threads that keep their processors between steps, or not. */
  public EngineOptions withSpins(boolean spins) {
    return new EngineOptions(threads, queue, rows, cacheBytes, prefixBytes, textBytes, spins);
  }
}
