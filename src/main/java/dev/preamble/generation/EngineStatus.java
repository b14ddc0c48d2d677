package dev.preamble.generation;

/**
 * What an engine is doing.
 *
 * @param running requests under way
 * @param waiting requests whose turn has not come
 * @param cache keys and values of the requests under way
 * @param prefixes the adapters' prefixes that it keeps
 * @param texts the blocks of text that it keeps; hits and misses count blocks
 */
public record EngineStatus(
    int running,
    int waiting,
    CacheUsage cache,
    PrefixStatistics prefixes,
    PrefixStatistics texts) {}
