package dev.preamble.server.access;

import dev.preamble.PreambleException;

/**
 * A pattern of model names, in which {@code *} stands for any text, the empty one included, and
 * every other character for itself.
 *
 * @param text the pattern
 */
public record NamePattern(String text) {
  /** Refuses the empty pattern, which would reach nothing. */
  public NamePattern {
    if (text.isBlank()) {
      throw new PreambleException("models: expected patterns such as 'team-*', found an empty one");
    }
  }

  /** Whether {@code name} is one of those meant; takes time of at most both lengths multiplied. */
  public boolean matches(String name) {
    int at = 0;
    int in = 0;
    int star = -1;
    int retry = 0;
    while (at < name.length()) {
      if (in < text.length() && text.charAt(in) == '*') {
        star = in++;
        retry = at;
      } else if (in < text.length() && text.charAt(in) == name.charAt(at)) {
        in++;
        at++;
      } else if (star >= 0) {
        in = star + 1;
        at = ++retry;
      } else {
        return false;
      }
    }
    while (in < text.length() && text.charAt(in) == '*') {
      in++;
    }
    return in == text.length();
  }
}
