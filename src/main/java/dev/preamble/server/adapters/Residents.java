package dev.preamble.server.adapters;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which adapters' values stay in memory: as many bytes as the budget allows, those used last. An
 * adapter that is held stays whatever is used after it, and so does the one used last, so that its
 * request finds it.
 */
final class Residents {
  private final long budget;
  private final Map<CatalogEntry, Long> bytes = new LinkedHashMap<>(16, 0.75f, true);
  private long total;

  /**
   * @param budget bytes of values to keep
   */
  Residents(long budget) {
    this.budget = budget;
  }

  /** States that {@code entry} was used and has {@code size} bytes in memory. */
  synchronized void used(CatalogEntry entry, long size) {
    Long before = bytes.put(entry, size);
    total += size - (before == null ? 0 : before);
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

  /** States that {@code entry} has nothing in memory any more. */
  synchronized void gone(CatalogEntry entry) {
    Long before = bytes.remove(entry);
    total -= before == null ? 0 : before;
  }

  /** Bytes in memory now. */
  synchronized long bytes() {
    return total;
  }

  long budget() {
    return budget;
  }
}
