package dev.preamble.server.adapters;

import dev.preamble.peft.Adapter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One version of an adapter: what is known of it whether its values are in memory or not. It never
 * changes; other content is another version.
 *
 * @param name the adapter's name
 * @param digest identity of its content
 * @param method PEFT's name of its method
 * @param virtualTokens positions that it takes in front of the text
 * @param tasks prompts that it holds, each for a task; 1 for all but multitask prompts
 * @param bytes what its values take in memory
 * @param folder where its files are
 * @param loaded when this version was first seen
 * @param warnings what is odd about it, one sentence each
 */
public record AdapterVersion(
    String name,
    String digest,
    String method,
    int virtualTokens,
    int tasks,
    long bytes,
    Path folder,
    Instant loaded,
    List<String> warnings) {
  /** Copies the list. */
  public AdapterVersion {
    warnings = List.copyOf(warnings);
  }

  static AdapterVersion of(
      String name, Adapter adapter, String digest, long bytes, Path folder, Instant now) {
    return new AdapterVersion(
        name,
        digest,
        adapter.config().method().peftType(),
        adapter.virtualTokens(),
        adapter.tasks(),
        bytes,
        folder,
        now,
        adapter.warnings());
  }

  /** The ids of the models that it is: its name, or {@code name:task} for each of several tasks. */
  public List<String> ids() {
    return tasks == 1
        ? List.of(name)
        : IntStream.range(0, tasks).mapToObj(task -> name + ":" + task).toList();
  }
}
