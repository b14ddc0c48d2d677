package dev.preamble.generation.structured;

import java.util.List;
import java.util.stream.Stream;

/** A set of texts, put together from characters. */
sealed interface TextPattern {
  /** The empty text alone. */
  TextPattern EMPTY = new Sequence(List.of());

  /** The texts of one character out of {@code points}. */
  record Characters(CodePoints points) implements TextPattern {}

  /** A text of each part, one after the other. */
  record Sequence(List<TextPattern> parts) implements TextPattern {
    public Sequence {
      parts = List.copyOf(parts);
    }
  }

  /** The texts of all options. */
  record Either(List<TextPattern> options) implements TextPattern {
    public Either {
      options = List.copyOf(options);
    }
  }

  /**
   * Texts of {@code body}, one after the other with one of {@code separator} between.
   *
   * @param most of them at most, {@link #UNBOUNDED} for any number
   */
  record Repeat(TextPattern body, TextPattern separator, int least, int most)
      implements TextPattern {
    static final int UNBOUNDED = -1;
  }

  /** Texts of the members in their order, with one of {@code separator} between any two. */
  record Members(List<Member> members, TextPattern separator) implements TextPattern {
    public Members {
      members = List.copyOf(members);
    }
  }

  /** One of {@link Members}, which may be left out unless it is required. */
  record Member(TextPattern pattern, boolean required) {}

  /** This text alone. */
  static TextPattern literal(String text) {
    return new Sequence(
        text.codePoints().<TextPattern>mapToObj(c -> new Characters(CodePoints.of(c, c))).toList());
  }

  static TextPattern sequence(TextPattern... parts) {
    return new Sequence(List.of(parts));
  }

  static TextPattern either(TextPattern... options) {
    return new Either(List.of(options));
  }

  static TextPattern optional(TextPattern pattern) {
    return new Either(Stream.of(EMPTY, pattern).toList());
  }

  /** From {@code least} to {@code most} of {@code body} without anything between. */
  static TextPattern repeat(TextPattern body, int least, int most) {
    return new Repeat(body, EMPTY, least, most);
  }
}
