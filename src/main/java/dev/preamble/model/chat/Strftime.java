package dev.preamble.model.chat;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;

/** Python's {@code strftime} in the language of programs: {@code %d %B %Y}. */
final class Strftime {
  private static final Map<Character, DateTimeFormatter> DIRECTIVES =
      Map.ofEntries(
          directive('Y', "uuuu"),
          directive('y', "uu"),
          directive('m', "MM"),
          directive('d', "dd"),
          directive('H', "HH"),
          directive('I', "hh"),
          directive('M', "mm"),
          directive('S', "ss"),
          directive('f', "SSSSSS"),
          directive('j', "DDD"),
          directive('p', "a"),
          directive('A', "EEEE"),
          directive('a', "EEE"),
          directive('B', "MMMM"),
          directive('b', "MMM"),
          directive('h', "MMM"),
          directive('F', "uuuu-MM-dd"),
          directive('T', "HH:mm:ss"),
          directive('R', "HH:mm"),
          directive('D', "MM/dd/uu"));

  private Strftime() {}

  private static Map.Entry<Character, DateTimeFormatter> directive(char name, String pattern) {
    return Map.entry(name, DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
  }

  static Value now(Arguments arguments, Evaluator evaluator) {
    String format = Types.text(arguments.bind("strftime_now", "format").require("format"));
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      if (format.charAt(i) != '%') {
        text.append(format.charAt(i));
        continue;
      }
      i++;
      boolean unpadded = i < format.length() && format.charAt(i) == '-';
      i += unpadded ? 1 : 0;
      text.append(part(i < format.length() ? format.charAt(i) : ' ', unpadded, evaluator.now()));
    }
    return new Value.Text(evaluator.budget().made(text.toString()));
  }

  private static String part(char name, boolean unpadded, LocalDateTime now) {
    if (name == '%' && !unpadded) {
      return "%";
    }
    DateTimeFormatter formatter = DIRECTIVES.get(name);
    if (formatter == null) {
      throw Fault.unsupported(0, "strftime's %" + (unpadded ? "-" : "") + name);
    }
    String part = formatter.format(now);
    return unpadded && part.length() > 1 && part.startsWith("0") ? part.substring(1) : part;
  }
}
