package dev.preamble.generation.structured;

/** Formats of strings, as regular expressions of texts that have them. */
final class JsonFormats {
  /** A day that every month has, as in RFC 3339. */
  static final String DATE = "\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])";

  /** A time of day with its offset, as in RFC 3339. */
  static final String TIME =
      "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)";

  /** As in RFC 4122. */
  static final String UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

  private JsonFormats() {}
}
