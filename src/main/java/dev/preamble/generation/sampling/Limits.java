package dev.preamble.generation.sampling;

import dev.preamble.generation.RequestException;

/** Refuses numbers outside their range by the field's name. */
final class Limits {
  private Limits() {}

  static void require(boolean holds, String field, String expected, Number found) {
    if (!holds) {
      throw new RequestException(
          field, "%s: expected %s, found %s".formatted(field, expected, found));
    }
  }

  static void requireWithin(double value, double most, String field) {
    require(
        value >= -most && value <= most,
        field,
        "a number from -%.0f to %.0f".formatted(most, most),
        value);
  }
}
