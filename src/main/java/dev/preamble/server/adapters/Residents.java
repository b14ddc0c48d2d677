package dev.preamble.server.adapters;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which adapters' values stay in memory: as many bytes as the budget allows, those used last. An
 * adapter that is held stays whatever is used after it, and so does the one used last, so that its
 * request finds it.
 */
final class Residents {
  private final long budget;
  private final Map<CatalogEntry, Long> bytes = new LinkedHashMap<>();
  private long total;

  /**
   * @param budget bytes of values to keep
   */
  Residents(long budget) {
    this.budget = budget;
  }

  /**
   * States that {@code entry} was used or has changed: it counts with what it has in memory now. To
   * be called after each change of that, so that whichever comes last counts.
   */
  synchronized void used(CatalogEntry entry) {
    Optional.ofNullable(bytes.remove(entry)).ifPresent(before -> total -= before);
    AdapterState state = entry.state();
    if (!state.resident() || entry.isRetired()) {
      return;
    }
    long size = state.version().orElseThrow().bytes();
    bytes.put(entry, size);
    total += size;
    Iterator<Map.Entry<CatalogEntry, Long>> oldestFirst = bytes.entrySet().iterator();
    while (total > budget && oldestFirst.hasNext()) {
      Map.Entry<CatalogEntry, Long> oldest = oldestFirst.next();
      if (oldest.getKey() != entry && !oldest.getKey().isHeld()) {
        oldest.getKey().giveUpValues();
        total -= oldest.getValue();
        oldestFirst.remove();
      }
    }
  }

  /** Bytes in memory now. */
  synchronized long bytes() {
    return total;
  }

  long budget() {
    return budget;
  }
}
