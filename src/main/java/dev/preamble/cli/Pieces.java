package dev.preamble.cli;

/** Tokens' texts on a line. */
final class Pieces {
  private Pieces() {}

  /** {@code piece} in quotation marks, its line ends shown. */
  static String visible(String piece) {
    return "'" + piece.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") + "'";
  }
}
