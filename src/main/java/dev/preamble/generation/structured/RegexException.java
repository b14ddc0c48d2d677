package dev.preamble.generation.structured;

/** A regular expression that is malformed or uses what is not had here. */
final class RegexException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param place where, in characters from 0 on
   */
  RegexException(String what, int place) {
    super("%s at character %,d".formatted(what, place + 1));
  }
}
