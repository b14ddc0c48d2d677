/**
 * The adapters of a server while it runs: found in a folder, by a path or uploaded, replaced and
 * removed at any time, each replacement a new version that never changes again.
 *
 * <p>Start at {@link dev.preamble.server.adapters.AdapterCatalog}. Nothing here knows of HTTP; all
 * that reads files may take its time and belongs on worker threads.
 */
package dev.preamble.server.adapters;
