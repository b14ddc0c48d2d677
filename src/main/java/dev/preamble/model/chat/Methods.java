package dev.preamble.model.chat;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The methods of strings and mappings: which there are, and what they give. */
final class Methods {
  /** Methods that Python has and that are not had here, so that they do not pass for keys. */
  private static final Set<String> ABSENT_OF_TEXT =
      Set.of(
          "casefold",
          "center",
          "encode",
          "expandtabs",
          "format",
          "format_map",
          "isalnum",
          "isascii",
          "isdecimal",
          "isidentifier",
          "isnumeric",
          "isprintable",
          "istitle",
          "ljust",
          "maketrans",
          "rjust",
          "swapcase",
          "translate",
          "zfill");

  private static final Set<String> ABSENT_OF_MAPPINGS = Set.of("copy", "fromkeys");
  private static final Set<String> ABSENT_OF_LISTS = Set.of("copy", "count", "index");

  /** Methods that would change their value; a template may not, and finds them undefined. */
  private static final Set<String> CHANGING =
      Set.of(
          "append",
          "clear",
          "extend",
          "insert",
          "pop",
          "popitem",
          "remove",
          "reverse",
          "setdefault",
          "sort",
          "update");

  /** What a method does. */
  interface Method<R> {
    Value call(R receiver, Arguments arguments, Budget budget);
  }

  private static final Map<String, Method<String>> OF_TEXT = TextMethods.TABLE;
  private static final Map<String, Method<Map<String, Value>>> OF_MAPPINGS = MappingMethods.TABLE;
  private static final Set<String> OF_LOOPS = Set.of("cycle", "changed");

  private Methods() {}

  /** Whether any value has a method called {@code name}. */
  static boolean isKnown(String name) {
    return OF_TEXT.containsKey(name) || OF_MAPPINGS.containsKey(name) || OF_LOOPS.contains(name);
  }

  /** The method of {@code receiver} called {@code name}, if its type has one. */
  static Optional<Value> find(Value receiver, String name) {
    boolean known =
        switch (receiver) {
          case Value.Text text -> has(OF_TEXT.keySet(), ABSENT_OF_TEXT, name);
          case Value.Mapping mapping -> has(OF_MAPPINGS.keySet(), ABSENT_OF_MAPPINGS, name);
          case Value.Sequence sequence -> has(Set.of(), ABSENT_OF_LISTS, name);
          default -> false;
        };
    if (known) {
      return Optional.of(new Value.Method(receiver, name));
    }
    return CHANGING.contains(name)
            && (receiver instanceof Value.Mapping || receiver instanceof Value.Sequence)
            && changes(receiver, name)
        ? Optional.of(new Value.Undefined("'%s', which would change a value,".formatted(name)))
        : Optional.empty();
  }

  private static boolean has(Set<String> known, Set<String> absent, String name) {
    if (absent.contains(name)) {
      throw Fault.unsupported(0, "the method '" + name + "'");
    }
    return known.contains(name);
  }

  private static boolean changes(Value receiver, String name) {
    return receiver instanceof Value.Mapping
        ? Set.of("clear", "pop", "popitem", "setdefault", "update").contains(name)
        : !Set.of("popitem", "setdefault", "update").contains(name);
  }

  static Value call(Value receiver, String name, Arguments arguments, Budget budget) {
    return switch (receiver) {
      case Value.Text text -> {
        budget.work(text.text().length());
        yield OF_TEXT.get(name).call(text.text(), arguments, budget);
      }
      case Value.Mapping mapping ->
          OF_MAPPINGS.get(name).call(mapping.entries(), arguments, budget);
      default -> throw new IllegalArgumentException(name);
    };
  }
}
