package dev.preamble.model.chat;

import java.util.OptionalInt;

/** What is wrong, on its way to the place that knows the template's name and the line. */
final class Fault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int line;

  /** A fault at the line that is being rendered. */
  Fault(String message) {
    this(0, message);
  }

  /** A fault at {@code line}, the first being 1. */
  Fault(int line, String message) {
    super(message, null, false, false);
    this.line = line;
  }

  /** What the subset does not have, by name. */
  static Fault unsupported(int line, String what) {
    return new Fault(
        line,
        what
            + " is outside the part of Jinja that chat templates may use here; write that line"
            + " another way, or render the conversation elsewhere and give its text");
  }

  /** The line, if the fault was found while reading the template. */
  OptionalInt line() {
    return line > 0 ? OptionalInt.of(line) : OptionalInt.empty();
  }
}
