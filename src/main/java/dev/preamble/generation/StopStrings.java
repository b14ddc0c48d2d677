package dev.preamble.generation;

import java.util.List;

/**
 * Finds stop texts in a text that comes in pieces. A piece's end that may be the beginning of a
 * stop text is held back until the next pieces decide, so nothing of a stop text is ever given out.
 */
final class StopStrings {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean reached;

  StopStrings(List<String> stops) {
    this.stops = stops;
  }

  /** Whether a stop text has come; nothing follows then. */
  boolean reached() {
    return reached;
  }

  /** What {@code piece} makes certain of the text. */
  String append(String piece) {
    if (stops.isEmpty()) {
      return piece;
    }
    if (reached) {
      return "";
    }
    held.append(piece);
    int stop = firstStop();
    if (stop >= 0) {
      reached = true;
      return take(stop);
    }
    return take(held.length() - undecided());
  }

  /** What was held back, when nothing follows. */
  String finish() {
    return reached ? "" : take(held.length());
  }

  private int firstStop() {
    int first = -1;
    for (String stop : stops) {
      int found = held.indexOf(stop);
      if (found >= 0 && (first < 0 || found < first)) {
        first = found;
      }
    }
    return first;
  }

  /** Length of the longest end of the held text that begins a stop text. */
  private int undecided() {
    int longest = 0;
    for (String stop : stops) {
      for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
        if (stop.startsWith(held.substring(held.length() - length))) {
          longest = length;
        }
      }
    }
    return longest;
  }

  private String take(int length) {
    String taken = held.substring(0, length);
    held.delete(0, length);
    return taken;
  }
}
