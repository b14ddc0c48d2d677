package dev.preamble.generation;

/**
 * What an engine is doing.
 *
 * @param running requests under way
 * @param waiting requests whose turn has not come
 * @param prefixes the adapters' prefixes that it keeps
 */
public record EngineStatus(int running, int waiting, PrefixStatistics prefixes) {}
