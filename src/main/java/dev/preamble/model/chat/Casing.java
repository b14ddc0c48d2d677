package dev.preamble.model.chat;

import java.util.Locale;

/** Upper and lower case, as Python's strings and Jinja's filters have them. */
final class Casing {
  private Casing() {}

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /** The first character in title case, the others in lower case. */
  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = Character.charCount(text.codePointAt(0));
    return titled(text.codePointAt(0)) + lower(text.substring(first));
  }

  /** Each run of letters with its first in title case, as {@code str.title}. */
  static String title(String text) {
    StringBuilder titled = new StringBuilder();
    boolean[] inside = {false};
    text.codePoints()
        .forEach(
            point -> {
              boolean cased = isCased(point);
              if (cased && !inside[0]) {
                titled.append(titled(point));
              } else {
                titled.append(cased ? lower(Character.toString(point)) : Character.toString(point));
              }
              inside[0] = cased;
            });
    return titled.toString();
  }

  /** Each word with its first character in upper case, as the filter {@code title}. */
  static String titleWords(String text) {
    StringBuilder titled = new StringBuilder();
    boolean begins = true;
    for (int at = 0; at < text.length(); ) {
      int point = text.codePointAt(at);
      boolean splits = Characters.isSpace(point) || "-({[<".indexOf(point) >= 0;
      String character = Character.toString(point);
      titled.append(begins || splits ? upper(character) : lower(character));
      begins = splits;
      at += Character.charCount(point);
    }
    return titled.toString();
  }

  static boolean isLower(String text) {
    return text.codePoints().anyMatch(Character::isLowerCase)
        && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  static boolean isUpper(String text) {
    return text.codePoints().anyMatch(Character::isUpperCase)
        && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  private static boolean isCased(int point) {
    return Character.isLowerCase(point)
        || Character.isUpperCase(point)
        || Character.isTitleCase(point);
  }

  /** Characters such as ß have no title case of their own; Python makes it of the upper case. */
  private static String titled(int point) {
    int title = Character.toTitleCase(point);
    if (title != point) {
      return Character.toString(title);
    }
    String upper = upper(Character.toString(point));
    int first = Character.charCount(upper.codePointAt(0));
    return upper.substring(0, first) + lower(upper.substring(first));
  }
}
