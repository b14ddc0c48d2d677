package dev.preamble.cli;

import java.util.Arrays;
import java.util.Locale;

/** One of an enum's constants, named on the command line in lower case. */
final class Choice {
  private Choice() {}

  /** The constant of {@code type} that {@code found} names, for the option {@code option}. */
  static <E extends Enum<E>> E of(Class<E> type, String option, String found) {
    return Arrays.stream(type.getEnumConstants())
        .filter(each -> name(each).equals(found.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new UsageException(
                    "%s: expected one of %s, found \"%s\""
                        .formatted(
                            option,
                            Arrays.stream(type.getEnumConstants()).map(Choice::name).toList(),
                            found)));
  }

  /** How a constant is named. */
  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
