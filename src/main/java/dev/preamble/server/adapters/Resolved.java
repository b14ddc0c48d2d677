package dev.preamble.server.adapters;

import dev.preamble.generation.FittedAdapter;

/**
 * What a model's id leads to.
 *
 * @param id the id: an adapter's name, or {@code name:task}
 * @param version the version served under it now
 * @param adapter its values for that task, ready to run
 */
public record Resolved(String id, AdapterVersion version, FittedAdapter adapter) {}
