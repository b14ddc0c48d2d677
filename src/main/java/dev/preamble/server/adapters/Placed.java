package dev.preamble.server.adapters;

/**
 * An adapter that has taken its place under a name.
 *
 * @param state how it is, as of that moment
 * @param replaced whether another was served under the name before
 */
public record Placed(AdapterState state, boolean replaced) {}
