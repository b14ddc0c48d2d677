package dev.preamble.model.chat;

/**
 * A piece of a template.
 *
 * @param text the template text itself; an operator, name or number as it stands; a string's value
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    TEXT,
    PRINT_BEGIN,
    PRINT_END,
    TAG_BEGIN,
    TAG_END,
    NAME,
    STRING,
    INTEGER,
    REAL,
    OPERATOR,
    END
  }

  boolean is(Kind expected) {
    return kind == expected;
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  boolean isOperator(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }

  /** How messages call it. */
  String shown() {
    return switch (kind) {
      case TEXT -> "text";
      case PRINT_BEGIN -> "'{{'";
      case PRINT_END -> "'}}'";
      case TAG_BEGIN -> "'{%'";
      case TAG_END -> "'%}'";
      case STRING -> "a string";
      case END -> "the end of the template";
      default -> "'" + text + "'";
    };
  }
}
