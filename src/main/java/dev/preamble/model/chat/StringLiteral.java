package dev.preamble.model.chat;

/** The value of a string in a tag: Python's escapes, an unknown one standing for itself. */
final class StringLiteral {
  private static final String SHORT = "abfnrtv\\'\"";
  private static final String VALUES = "\u0007\b\f\n\r\t\u000b\\'\"";

  private StringLiteral() {}

  static String value(String body, int line) {
    if (body.indexOf('\\') < 0) {
      return body;
    }
    StringBuilder value = new StringBuilder();
    int at = 0;
    while (at < body.length()) {
      char c = body.charAt(at);
      if (c != '\\') {
        value.append(c);
        at++;
        continue;
      }
      char escape = body.charAt(at + 1);
      at += 2;
      int known = SHORT.indexOf(escape);
      if (known >= 0) {
        value.append(VALUES.charAt(known));
      } else if (escape >= '0' && escape <= '7') {
        int end = at;
        while (end < body.length() && end < at + 2 && Character.digit(body.charAt(end), 8) >= 0) {
          end++;
        }
        value.appendCodePoint(Integer.parseInt(body.substring(at - 1, end), 8));
        at = end;
      } else if (escape == 'x' || escape == 'u' || escape == 'U') {
        int digits = escape == 'x' ? 2 : escape == 'u' ? 4 : 8;
        value.appendCodePoint(codePoint(body, at, digits, line));
        at += digits;
      } else if (escape == 'N') {
        throw Fault.unsupported(line, "the escape \\N");
      } else if (escape != '\n') {
        value.append('\\').append(escape);
      }
    }
    return value.toString();
  }

  private static int codePoint(String body, int at, int digits, int line) {
    int value = 0;
    for (int i = at; i < at + digits; i++) {
      int digit = i < body.length() ? Character.digit(body.charAt(i), 16) : -1;
      if (digit < 0 || value > Character.MAX_CODE_POINT >> 4) {
        throw new Fault(
            line, "an escape in a string: expected %d hexadecimal digits".formatted(digits));
      }
      value = value << 4 | digit;
    }
    return value;
  }
}
