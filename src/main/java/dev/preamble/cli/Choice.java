package dev.preamble.cli;

import java.util.Arrays;
import java.util.Locale;

/** One of an enum's constants, named on the command line in lower case. */
final class Choice {
  private Choice() {}

  /** The constant of {@code type} that {@code found} names, for the option {@code option}. */
  static <E extends Enum<E>> E of(Class<E> type, String option, String found) {
    return Arrays.stream(type.getEnumConstants())
        .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(found))
        .findFirst()
        .orElseThrow(
            () ->
                new UsageException(
                    "%s: expected one of %s, found \"%s\""
                        .formatted(
                            option,
                            Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT),
                            found)));
  }
}
