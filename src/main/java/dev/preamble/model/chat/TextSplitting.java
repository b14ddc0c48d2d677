package dev.preamble.model.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** The methods that split a string. */
final class TextSplitting {
  private TextSplitting() {}

  static Value split(String text, Arguments arguments, Budget budget) {
    Arguments.Bound bound = arguments.bind("split", "sep", "maxsplit");
    Optional<String> separator = separator(bound, text, budget);
    int most = most(bound);
    return list(
        separator.map(sep -> at(text, sep, most)).orElseGet(() -> atSpace(text, most)), budget);
  }

  static Value rsplit(String text, Arguments arguments, Budget budget) {
    Arguments.Bound bound = arguments.bind("rsplit", "sep", "maxsplit");
    Optional<String> separator = separator(bound, text, budget);
    int most = most(bound);
    return list(
        separator
            .map(sep -> fromTheEnd(text, sep, most))
            .orElseGet(() -> atSpaceFromTheEnd(text, most)),
        budget);
  }

  static Value splitLines(String text, Arguments arguments, Budget budget) {
    boolean keepsEnds = arguments.bind("splitlines", "keepends").isTrue("keepends");
    return list(lines(text, keepsEnds), budget);
  }

  static Value partition(String text, Arguments arguments, Budget budget) {
    String separator = part("partition", text, arguments, budget);
    int place = text.indexOf(separator);
    return place < 0
        ? Value.tuple(new Value.Text(text), Value.EMPTY, Value.EMPTY)
        : parts(text, place, separator);
  }

  static Value rpartition(String text, Arguments arguments, Budget budget) {
    String separator = part("rpartition", text, arguments, budget);
    int place = text.lastIndexOf(separator);
    return place < 0
        ? Value.tuple(Value.EMPTY, Value.EMPTY, new Value.Text(text))
        : parts(text, place, separator);
  }

  /** The lines of {@code text} as {@code str.splitlines} gives them. */
  static List<String> lines(String text, boolean keepsEnds) {
    List<String> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      if (Characters.isLineEnd(text.charAt(i))) {
        int end = i;
        if (text.startsWith("\r\n", i)) {
          i++;
        }
        lines.add(text.substring(start, keepsEnds ? i + 1 : end));
        start = i + 1;
      }
    }
    if (start < text.length()) {
      lines.add(text.substring(start));
    }
    return lines;
  }

  private static List<String> at(String text, String separator, int most) {
    List<String> parts = new ArrayList<>();
    int start = 0;
    for (int end = text.indexOf(separator);
        end >= 0 && parts.size() < most;
        end = text.indexOf(separator, start)) {
      parts.add(text.substring(start, end));
      start = end + separator.length();
    }
    parts.add(text.substring(start));
    return parts;
  }

  private static List<String> fromTheEnd(String text, String separator, int most) {
    List<String> parts = new ArrayList<>();
    int end = text.length();
    for (int start = text.lastIndexOf(separator);
        start >= 0 && parts.size() < most;
        start = text.lastIndexOf(separator, end - separator.length())) {
      parts.add(text.substring(start + separator.length(), end));
      end = start;
      if (end < separator.length()) {
        break;
      }
    }
    parts.add(text.substring(0, end));
    Collections.reverse(parts);
    return parts;
  }

  private static List<String> atSpace(String text, int most) {
    List<String> parts = new ArrayList<>();
    int start = Characters.skipSpace(text, 0);
    while (start < text.length() && parts.size() < most) {
      int end = start;
      while (end < text.length() && !Characters.isSpace(text.charAt(end))) {
        end++;
      }
      parts.add(text.substring(start, end));
      start = Characters.skipSpace(text, end);
    }
    if (start < text.length()) {
      parts.add(text.substring(start));
    }
    return parts;
  }

  private static List<String> atSpaceFromTheEnd(String text, int most) {
    String mirrored = new StringBuilder(text).reverse().toString();
    List<String> parts = new ArrayList<>();
    for (String part : atSpace(mirrored, most)) {
      parts.add(new StringBuilder(part).reverse().toString());
    }
    Collections.reverse(parts);
    return parts;
  }

  private static Optional<String> separator(Arguments.Bound bound, String text, Budget budget) {
    Optional<String> separator = bound.given("sep").map(Types::text);
    separator.ifPresent(sep -> checked(sep, text, budget));
    return separator;
  }

  private static String part(String name, String text, Arguments arguments, Budget budget) {
    return checked(Types.text(TextMethods.required(arguments, name, 1).getFirst()), text, budget);
  }

  private static String checked(String separator, String text, Budget budget) {
    if (separator.isEmpty()) {
      throw new Fault("the separator to split at is empty");
    }
    budget.search(text.length(), separator.length());
    return separator;
  }

  private static int most(Arguments.Bound bound) {
    int most = bound.find("maxsplit").map(Types::small).orElse(-1);
    return most < 0 ? Integer.MAX_VALUE : most;
  }

  private static Value parts(String text, int place, String separator) {
    return Value.tuple(
        new Value.Text(text.substring(0, place)),
        new Value.Text(separator),
        new Value.Text(text.substring(place + separator.length())));
  }

  private static Value list(List<String> parts, Budget budget) {
    budget.items(parts.size());
    return Value.list(parts.stream().<Value>map(Value.Text::new).toList());
  }
}
