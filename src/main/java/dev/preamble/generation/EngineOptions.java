package dev.preamble.generation;

import dev.preamble.PreambleException;

/**
 * How an engine runs. Begin with {@link #defaults} and change what differs.
 *
 * @param threads threads that compute, the engine's own among them
 * @param queue requests that may wait for their turn; more are refused
 * @param prefixBytes bytes of adapters' prefixes to keep; those used last stay
 */
public record EngineOptions(int threads, int queue, long prefixBytes) {
  /** Refuses what no engine can have. */
  public EngineOptions {
    if (threads < 1 || queue < 1 || prefixBytes < 0) {
      throw new PreambleException(
          "an engine needs at least 1 thread, 1 waiting request and 0 bytes for prefixes; found %d, %d and %d"
              .formatted(threads, queue, prefixBytes));
    }
  }

  /** Every processor, 256 waiting requests, 1 GiB of prefixes. */
  public static EngineOptions defaults() {
    return new EngineOptions(Runtime.getRuntime().availableProcessors(), 256, 1L << 30);
  }

  /** These options with another number of threads. */
  public EngineOptions withThreads(int threads) {
    return new EngineOptions(threads, queue, prefixBytes);
  }

  /** These options with another number of waiting requests. */
  public EngineOptions withQueue(int queue) {
    return new EngineOptions(threads, queue, prefixBytes);
  }

  /** These options with another budget for prefixes. */
  public EngineOptions withPrefixBytes(long prefixBytes) {
    return new EngineOptions(threads, queue, prefixBytes);
  }
}
