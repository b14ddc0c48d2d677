package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterEntry;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Opens adapters and fits them to the model: an adapter that is admitted can run.
 *
 * @param model the model
 * @param clock what time it is
 */
record AdapterLoader(FrozenModel model, InstantSource clock) {
  /**
   * A version with its values.
   *
   * @param version what is known of it
   * @param tasks the adapter fitted for each of its tasks; none when they are not in memory
   */
  record Loaded(AdapterVersion version, List<FittedAdapter> tasks) {
    boolean hasValues() {
      return !tasks.isEmpty();
    }

    Loaded withoutValues() {
      return new Loaded(version, List.of());
    }

    boolean isOfSameContent(Loaded other) {
      return version.digest().equals(other.version().digest());
    }
  }

  /**
   * Opens the adapter in {@code folder}.
   *
   * @throws PreambleException if it is malformed or does not fit the model
   */
  Loaded load(String name, Path folder) {
    Adapter adapter = Adapter.open(folder);
    List<FittedAdapter> tasks = new ArrayList<>();
    long bytes = 0;
    for (int task = 0; task < adapter.tasks(); task++) {
      FittedAdapter fitted = FittedAdapter.fit(adapter, model, OptionalInt.of(task));
      tasks.add(fitted);
      bytes = Math.addExact(bytes, bytes(fitted.entry()));
    }
    Instant now = clock.instant();
    return new Loaded(
        AdapterVersion.of(name, adapter, adapter.digest(), bytes, folder, now), List.copyOf(tasks));
  }

  private static long bytes(AdapterEntry entry) {
    return switch (entry) {
      case AdapterEntry.EmbeddingRows rows -> (long) Float.BYTES * rows.values().length;
      case AdapterEntry.KeyValuePrefix prefix -> (long) Float.BYTES * prefix.values().length;
    };
  }
}
