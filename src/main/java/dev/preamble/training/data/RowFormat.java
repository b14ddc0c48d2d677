package dev.preamble.training.data;

import java.nio.file.Path;
import java.util.Locale;

/** How a file writes its rows. */
public enum RowFormat {
  /** A JSON object a line. */
  JSON_LINES,
  /** Fields between commas, quoted as RFC 4180 says, the first row naming the columns. */
  CSV,
  /** As {@link #CSV}, with tabs. */
  TSV;

  /** The format that the file's name ends in; {@code .csv}, {@code .tsv}, else JSON lines. */
  public static RowFormat of(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".csv")) {
      return CSV;
    }
    return name.endsWith(".tsv") ? TSV : JSON_LINES;
  }

  char separator() {
    return this == TSV ? '\t' : ',';
  }

  boolean isTable() {
    return this != JSON_LINES;
  }
}
