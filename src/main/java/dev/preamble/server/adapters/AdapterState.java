package dev.preamble.server.adapters;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How an adapter is now.
 *
 * @param name its name
 * @param folder where its files are
 * @param version what is served, if anything is
 * @param fault why the files as they are now are not served, if they are not
 * @param resident whether its values are in memory
 * @param pinned whether they stay there
 * @param registered whether it was named by a path, in place of standing in the adapters' folder
 */
public record AdapterState(
    String name,
    Path folder,
    Optional<AdapterVersion> version,
    Optional<String> fault,
    boolean resident,
    boolean pinned,
    boolean registered) {}
