package dev.preamble.model.chat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The methods of strings. */
final class TextMethods {
  static final Map<String, Methods.Method<String>> TABLE =
      Map.ofEntries(
          Map.entry("strip", stripping("strip", true, true)),
          Map.entry("lstrip", stripping("lstrip", true, false)),
          Map.entry("rstrip", stripping("rstrip", false, true)),
          Map.entry("upper", plain("upper", Casing::upper)),
          Map.entry("lower", plain("lower", Casing::lower)),
          Map.entry("title", plain("title", Casing::title)),
          Map.entry("capitalize", plain("capitalize", Casing::capitalize)),
          Map.entry("startswith", TextMethods::startsWith),
          Map.entry("endswith", TextMethods::endsWith),
          Map.entry("removeprefix", TextMethods::removePrefix),
          Map.entry("removesuffix", TextMethods::removeSuffix),
          Map.entry("replace", TextMethods::replace),
          Map.entry("join", TextMethods::join),
          Map.entry("split", TextSplitting::split),
          Map.entry("rsplit", TextSplitting::rsplit),
          Map.entry("splitlines", TextSplitting::splitLines),
          Map.entry("partition", TextSplitting::partition),
          Map.entry("rpartition", TextSplitting::rpartition),
          Map.entry("find", TextMethods::find),
          Map.entry("rfind", TextMethods::rfind),
          Map.entry("index", TextMethods::index),
          Map.entry("rindex", TextMethods::rindex),
          Map.entry("count", TextMethods::count),
          Map.entry("isdigit", every("isdigit", Character::isDigit)),
          Map.entry("isalpha", every("isalpha", Character::isLetter)),
          Map.entry("isspace", every("isspace", Characters::isSpace)),
          Map.entry("islower", is("islower", Casing::isLower)),
          Map.entry("isupper", is("isupper", Casing::isUpper)));

  private TextMethods() {}

  private static Methods.Method<String> plain(String name, UnaryOperator<String> change) {
    return (text, arguments, budget) -> {
      arguments.bind(name);
      return new Value.Text(budget.made(change.apply(text)));
    };
  }

  private static Methods.Method<String> is(String name, Predicate<String> predicate) {
    return (text, arguments, budget) -> {
      arguments.bind(name);
      return Value.of(predicate.test(text));
    };
  }

  private static Methods.Method<String> every(String name, IntPredicate predicate) {
    return is(name, text -> !text.isEmpty() && text.codePoints().allMatch(predicate));
  }

  private static Methods.Method<String> stripping(String name, boolean start, boolean end) {
    return (text, arguments, budget) -> {
      Optional<String> characters = argument(arguments, name, 0).map(Types::text);
      return new Value.Text(strip(text, characters, start, end, budget));
    };
  }

  /** {@code text} without {@code characters}, white space if not given, at the ends named. */
  static String strip(
      String text, Optional<String> characters, boolean start, boolean end, Budget budget) {
    budget.search(text.length(), 64L * characters.map(String::length).orElse(0));
    IntPredicate unwanted =
        characters
            .<IntPredicate>map(set -> point -> set.indexOf(point) >= 0)
            .orElse(Characters::isSpace);
    int from = 0;
    int to = text.length();
    while (start && from < to && unwanted.test(text.codePointAt(from))) {
      from += Character.charCount(text.codePointAt(from));
    }
    while (end && to > from && unwanted.test(text.codePointBefore(to))) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  private static Value startsWith(String text, Arguments arguments, Budget budget) {
    return Value.of(
        affixes(arguments, "startswith", budget).stream()
            .anyMatch(affix -> text.startsWith(Types.text(affix))));
  }

  private static Value endsWith(String text, Arguments arguments, Budget budget) {
    return Value.of(
        affixes(arguments, "endswith", budget).stream()
            .anyMatch(affix -> text.endsWith(Types.text(affix))));
  }

  private static List<Value> affixes(Arguments arguments, String name, Budget budget) {
    Value affix = required(arguments, name, 1).getFirst();
    return affix instanceof Value.Sequence sequence && sequence.kind() == Value.Sequence.Kind.TUPLE
        ? sequence.items()
        : List.of(new Value.Text(Types.text(affix)));
  }

  private static Value removePrefix(String text, Arguments arguments, Budget budget) {
    String prefix = Types.text(required(arguments, "removeprefix", 1).getFirst());
    return new Value.Text(text.startsWith(prefix) ? text.substring(prefix.length()) : text);
  }

  private static Value removeSuffix(String text, Arguments arguments, Budget budget) {
    String suffix = Types.text(required(arguments, "removesuffix", 1).getFirst());
    return new Value.Text(
        text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text);
  }

  private static Value replace(String text, Arguments arguments, Budget budget) {
    Arguments.Bound bound = arguments.bind("replace", "old", "new", "count");
    return new Value.Text(
        Replacing.replace(
            text,
            Types.text(bound.require("old")),
            Types.text(bound.require("new")),
            bound.find("count").map(Types::small).orElse(-1),
            budget));
  }

  private static Value join(String text, Arguments arguments, Budget budget) {
    List<Value> items = Types.list(required(arguments, "join", 1).getFirst(), budget);
    return new Value.Text(join(text, items.stream().map(Types::text).toList(), budget));
  }

  static String join(String separator, List<String> texts, Budget budget) {
    long characters = (long) separator.length() * texts.size();
    for (String text : texts) {
      characters += text.length();
    }
    budget.make(characters);
    return String.join(separator, texts);
  }

  private static Value find(String text, Arguments arguments, Budget budget) {
    return place(text, part("find", text, arguments, budget), false);
  }

  private static Value rfind(String text, Arguments arguments, Budget budget) {
    return place(text, part("rfind", text, arguments, budget), true);
  }

  private static Value index(String text, Arguments arguments, Budget budget) {
    return present("index", find(text, arguments, budget));
  }

  private static Value rindex(String text, Arguments arguments, Budget budget) {
    return present("rindex", rfind(text, arguments, budget));
  }

  private static String part(String name, String text, Arguments arguments, Budget budget) {
    String part = Types.text(required(arguments, name, 1).getFirst());
    budget.search(text.length(), part.length());
    return part;
  }

  private static Value place(String text, String part, boolean last) {
    int place = last ? text.lastIndexOf(part) : text.indexOf(part);
    return Value.of(place < 0 ? -1 : text.codePointCount(0, place));
  }

  private static Value present(String name, Value place) {
    if (Types.small(place) < 0) {
      throw new Fault(name + ": the text is not found");
    }
    return place;
  }

  private static Value count(String text, Arguments arguments, Budget budget) {
    String part = part("count", text, arguments, budget);
    if (part.isEmpty()) {
      return Value.of(text.codePointCount(0, text.length()) + 1L);
    }
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return Value.of(count);
  }

  /** The {@code place}th argument of at most that many and one, none counting as not given. */
  static Optional<Value> argument(Arguments arguments, String name, int place) {
    List<Value> given = arguments.onlyPositional(name);
    if (given.size() > place + 1) {
      throw new Fault(
          "%s: expected at most %d arguments, found %d".formatted(name, place + 1, given.size()));
    }
    return given.size() > place
        ? Optional.of(given.get(place)).filter(value -> !(value instanceof Value.None))
        : Optional.empty();
  }

  /** Exactly {@code count} arguments. */
  static List<Value> required(Arguments arguments, String name, int count) {
    List<Value> given = arguments.onlyPositional(name);
    if (given.size() != count) {
      throw new Fault("%s: expected %d arguments, found %d".formatted(name, count, given.size()));
    }
    return given;
  }
}
