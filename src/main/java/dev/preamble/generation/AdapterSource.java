package dev.preamble.generation;

/**
 * Where an adapter comes from that is not in memory yet. The engine loads it on a thread of its own
 * while other requests run; sources with the same key that are wanted at the same time are loaded
 * once.
 */
public interface AdapterSource {
  /** What tells this source from others, such as a folder and the time of its last change. */
  String key();

  /**
   * The adapter, fitted to the engine's model. Called on a loading thread; may read files.
   *
   * @throws dev.preamble.PreambleException if it cannot be used: the requests that want it fail
   *     with that, and no others
   */
  FittedAdapter load();
}
