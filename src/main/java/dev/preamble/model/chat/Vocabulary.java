package dev.preamble.model.chat;

import java.util.Set;

/** The names that a template may use, checked when it is read. */
final class Vocabulary {
  /** What Jinja has under these names is not had here. */
  private static final Set<String> ABSENT =
      Set.of("caller", "varargs", "kwargs", "cycler", "joiner", "lipsum", "self", "super");

  private static final Set<String> CONSTANTS =
      Set.of("true", "false", "none", "True", "False", "None");

  private static final Set<String> TAGS =
      Set.of(
          "autoescape",
          "block",
          "call",
          "do",
          "extends",
          "filter",
          "from",
          "import",
          "include",
          "print",
          "raw",
          "trans",
          "with");

  private Vocabulary() {}

  static boolean isReserved(String name) {
    return CONSTANTS.contains(name) || ABSENT.contains(name) || name.equals("loop");
  }

  static void checkName(Token name) {
    if (ABSENT.contains(name.text())) {
      throw Fault.unsupported(name.line(), "the name '" + name.text() + "'");
    }
  }

  static void checkAttribute(Token name) {
    if (name.text().startsWith("__")) {
      throw Fault.unsupported(name.line(), "the attribute '" + name.text() + "'");
    }
  }

  static void checkMethod(int line, String name) {
    if (!Methods.isKnown(name)) {
      throw Fault.unsupported(line, "the method '" + name + "'");
    }
  }

  static void checkFilter(int line, String name) {
    if (!Filters.isKnown(name) && !name.equals("safe")) {
      throw Fault.unsupported(line, "the filter '" + name + "'");
    }
  }

  static void checkTest(int line, String name) {
    if (!Tests.isKnown(name)) {
      throw Fault.unsupported(line, "the test '" + name + "'");
    }
  }

  /** The fault that {@code tag} is, which begins no statement. */
  static Fault tag(Token tag) {
    return TAGS.contains(tag.text())
        ? Fault.unsupported(tag.line(), "the tag '" + tag.text() + "'")
        : new Fault(tag.line(), "unexpected tag " + tag.shown());
  }
}
