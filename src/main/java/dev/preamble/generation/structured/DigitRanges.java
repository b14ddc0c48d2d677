package dev.preamble.generation.structured;

import dev.preamble.generation.structured.TextPattern.Characters;
import dev.preamble.generation.structured.TextPattern.Either;
import java.util.ArrayList;
import java.util.List;

/** Whole numbers between two bounds, as their decimal digits without leading zeros. */
final class DigitRanges {
  /**
   * The largest number that is written: any longer one would be no exact number for many readers.
   */
  static final long LARGEST = 999_999_999_999_999L;

  private DigitRanges() {}

  /** The numbers from {@code first} to {@code last}, both included, 0 or more; no text if none. */
  static TextPattern of(long first, long last) {
    List<TextPattern> options = new ArrayList<>();
    long from = first;
    while (from <= last) {
      int length = Long.toString(from).length();
      long to = Math.min(last, length > 15 ? last : power(length) - 1);
      options.add(sameLength(Long.toString(from), Long.toString(to)));
      from = to + 1;
    }
    return new Either(options);
  }

  private static long power(int exponent) {
    long power = 1;
    for (int i = 0; i < exponent; i++) {
      power *= 10;
    }
    return power;
  }

  private static TextPattern sameLength(String first, String last) {
    if (first.equals(last)) {
      return TextPattern.literal(first);
    }
    char low = first.charAt(0);
    char high = last.charAt(0);
    String restOfFirst = first.substring(1);
    String restOfLast = last.substring(1);
    int others = restOfFirst.length();
    if (low == high) {
      return TextPattern.sequence(digits(low, high), sameLength(restOfFirst, restOfLast));
    }
    List<TextPattern> options = new ArrayList<>();
    boolean lowWhole = restOfFirst.equals("0".repeat(others));
    boolean highWhole = restOfLast.equals("9".repeat(others));
    if (!lowWhole) {
      options.add(
          TextPattern.sequence(digits(low, low), sameLength(restOfFirst, "9".repeat(others))));
    }
    char from = (char) (lowWhole ? low : low + 1);
    char to = (char) (highWhole ? high : high - 1);
    if (from <= to) {
      options.add(
          TextPattern.sequence(
              digits(from, to), TextPattern.repeat(digits('0', '9'), others, others)));
    }
    if (!highWhole) {
      options.add(
          TextPattern.sequence(digits(high, high), sameLength("0".repeat(others), restOfLast)));
    }
    return new Either(options);
  }

  static TextPattern digits(char first, char last) {
    return new Characters(CodePoints.of(first, last));
  }
}
