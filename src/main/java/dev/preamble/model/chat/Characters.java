package dev.preamble.model.chat;

/** Characters as Python sees them. */
final class Characters {
  private Characters() {}

  /** Whether {@code str.isspace} and a pattern's {@code \s} take {@code c} for white space. */
  static boolean isSpace(int c) {
    return c >= '\t' && c <= '\r'
        || c >= 0x1c && c <= ' '
        || c == 0x85
        || c == 0xa0
        || c == 0x1680
        || c >= 0x2000 && c <= 0x200a
        || c == 0x2028
        || c == 0x2029
        || c == 0x202f
        || c == 0x205f
        || c == 0x3000;
  }

  /** Whether {@code str.splitlines} ends a line at {@code c}. */
  static boolean isLineEnd(int c) {
    return c >= '\n' && c <= '\r'
        || c >= 0x1c && c <= 0x1e
        || c == 0x85
        || c == 0x2028
        || c == 0x2029;
  }

  /** Whether {@code repr} shows {@code c} as it is. */
  static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }

  /** {@code text} without the white space at its end. */
  static String stripEnd(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  /** The first place from {@code at} on that holds no white space. */
  static int skipSpace(String text, int at) {
    int place = at;
    while (place < text.length() && isSpace(text.charAt(place))) {
      place++;
    }
    return place;
  }
}
