package dev.preamble.generation.structured;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A set of Unicode characters, surrogates never among them.
 *
 * @param ranges its ranges in order, apart from one another
 */
record CodePoints(List<Range> ranges) {
  private static final int LAST = Character.MAX_CODE_POINT;
  private static final int FIRST_SURROGATE = 0xD800;
  private static final int LAST_SURROGATE = 0xDFFF;

  /** All characters. */
  static final CodePoints ALL = of(0, LAST);

  /** The characters from {@code first} to {@code last}, both included. */
  record Range(int first, int last) {}

  /** Puts the ranges in order and joins those that touch. */
  CodePoints {
    List<Range> sorted = new ArrayList<>();
    for (Range range : ranges) {
      add(sorted, range.first(), Math.min(range.last(), FIRST_SURROGATE - 1));
      add(sorted, Math.max(range.first(), LAST_SURROGATE + 1), range.last());
    }
    sorted.sort(Comparator.comparingInt(Range::first));
    List<Range> joined = new ArrayList<>();
    for (Range range : sorted) {
      if (!joined.isEmpty() && range.first() <= joined.getLast().last() + 1) {
        Range before = joined.removeLast();
        joined.add(new Range(before.first(), Math.max(before.last(), range.last())));
      } else {
        joined.add(range);
      }
    }
    ranges = List.copyOf(joined);
  }

  private static void add(List<Range> ranges, int first, int last) {
    if (first <= last) {
      ranges.add(new Range(first, last));
    }
  }

  static CodePoints of(int first, int last) {
    return new CodePoints(List.of(new Range(first, last)));
  }

  /** The characters of {@code text}. */
  static CodePoints of(String text) {
    return new CodePoints(text.codePoints().mapToObj(c -> new Range(c, c)).toList());
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  CodePoints or(CodePoints others) {
    List<Range> all = new ArrayList<>(ranges);
    all.addAll(others.ranges);
    return new CodePoints(all);
  }

  CodePoints not() {
    List<Range> gaps = new ArrayList<>();
    int next = 0;
    for (Range range : ranges) {
      add(gaps, next, range.first() - 1);
      next = range.last() + 1;
    }
    add(gaps, next, LAST);
    return new CodePoints(gaps);
  }

  CodePoints and(CodePoints others) {
    return not().or(others.not()).not();
  }
}
