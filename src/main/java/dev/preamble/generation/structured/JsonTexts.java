package dev.preamble.generation.structured;

import static dev.preamble.generation.structured.DigitRanges.digits;
import static dev.preamble.generation.structured.TextPattern.either;
import static dev.preamble.generation.structured.TextPattern.literal;
import static dev.preamble.generation.structured.TextPattern.optional;
import static dev.preamble.generation.structured.TextPattern.repeat;
import static dev.preamble.generation.structured.TextPattern.sequence;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.preamble.generation.structured.TextPattern.Characters;
import dev.preamble.generation.structured.TextPattern.Either;
import dev.preamble.generation.structured.TextPattern.Member;
import dev.preamble.generation.structured.TextPattern.Members;
import dev.preamble.generation.structured.TextPattern.Repeat;
import dev.preamble.generation.structured.TextPattern.Sequence;
import java.util.ArrayList;
import java.util.List;

/**
 * JSON as it is written: on one line, with a space behind a comma or colon or none. Numbers have at
 * most 15 digits before and behind the point, so that every reader takes them exactly.
 */
final class JsonTexts {
  private static final TextPattern SPACE = optional(literal(" "));
  private static final TextPattern COMMA = sequence(literal(","), SPACE);
  private static final TextPattern COLON = sequence(literal(":"), SPACE);
  private static final TextPattern QUOTE = literal("\"");
  private static final CodePoints ESCAPED = CodePoints.of("\"\\").or(CodePoints.of(0, 0x1F));
  private static final CodePoints PLAIN = ESCAPED.not();
  private static final String SHORT_ESCAPES = "\"\"\\\\\bb\ff\nn\rr\tt";
  private static final TextPattern HEXADECIMAL =
      new Characters(
          CodePoints.of('0', '9').or(CodePoints.of('a', 'f')).or(CodePoints.of('A', 'F')));

  /** A number of a character that is no surrogate. */
  private static final TextPattern NUMBERED =
      either(
          sequence(
              new Characters(CodePoints.of('0', '9').or(CodePoints.of("abcefABCEF"))),
              repeat(HEXADECIMAL, 3, 3)),
          sequence(
              new Characters(CodePoints.of("dD")), digits('0', '7'), repeat(HEXADECIMAL, 2, 2)));

  private static final TextPattern CHARACTER =
      either(
          new Characters(PLAIN),
          sequence(
              literal("\\"),
              either(
                  new Characters(CodePoints.of("\"\\/bfnrt")), sequence(literal("u"), NUMBERED))));

  private static final TextPattern FRACTION =
      optional(sequence(literal("."), repeat(digits('0', '9'), 1, 15)));
  private static final TextPattern EXPONENT =
      optional(
          sequence(
              new Characters(CodePoints.of("eE")),
              optional(new Characters(CodePoints.of("+-"))),
              repeat(digits('0', '9'), 1, 2)));
  private static final TextPattern NATURAL = DigitRanges.of(0, DigitRanges.LARGEST);

  static final TextPattern INTEGER = sequence(optional(literal("-")), NATURAL);
  static final TextPattern NUMBER = sequence(INTEGER, FRACTION, EXPONENT);
  static final TextPattern BOOLEAN = either(literal("true"), literal("false"));
  static final TextPattern NULL = literal("null");

  private JsonTexts() {}

  /** Strings of so many characters, escaped or not. */
  static TextPattern string(int least, int most) {
    return sequence(QUOTE, repeat(CHARACTER, least, most), QUOTE);
  }

  /** The strings whose value is a text of {@code pattern}. */
  static TextPattern string(TextPattern pattern) {
    return sequence(QUOTE, escaped(pattern), QUOTE);
  }

  private static TextPattern escaped(TextPattern pattern) {
    return switch (pattern) {
      case Characters characters -> escaped(characters.points());
      case Sequence sequence ->
          new Sequence(sequence.parts().stream().map(JsonTexts::escaped).toList());
      case Either either -> new Either(either.options().stream().map(JsonTexts::escaped).toList());
      case Repeat repeat ->
          new Repeat(
              escaped(repeat.body()), escaped(repeat.separator()), repeat.least(), repeat.most());
      case Members members ->
          new Members(
              members.members().stream()
                  .map(each -> new Member(escaped(each.pattern()), each.required()))
                  .toList(),
              escaped(members.separator()));
    };
  }

  /** Characters that have no short escape are written by number where they stand alone. */
  private static TextPattern escaped(CodePoints points) {
    List<TextPattern> options = new ArrayList<>();
    CodePoints plain = points.and(PLAIN);
    if (!plain.isEmpty()) {
      options.add(new Characters(plain));
    }
    for (int i = 0; i < SHORT_ESCAPES.length(); i += 2) {
      if (!points.and(CodePoints.of(SHORT_ESCAPES.substring(i, i + 1))).isEmpty()) {
        options.add(literal("\\" + SHORT_ESCAPES.charAt(i + 1)));
      }
    }
    if (options.isEmpty()) {
      options.add(literal("\\u%04x".formatted(points.ranges().getFirst().first())));
    }
    return new Either(options);
  }

  /** Arrays of {@code items}. */
  static TextPattern array(TextPattern items, int least, int most) {
    return sequence(literal("["), new Repeat(items, COMMA, least, most), literal("]"));
  }

  /** Objects of any keys with values of {@code value}. */
  static TextPattern map(TextPattern value) {
    TextPattern entry = sequence(string(0, Repeat.UNBOUNDED), COLON, value);
    return sequence(literal("{"), new Repeat(entry, COMMA, 0, Repeat.UNBOUNDED), literal("}"));
  }

  /** A property of an object. */
  record Property(String name, TextPattern value, boolean required) {}

  /** Objects with these properties in this order, those that are not required possibly left out. */
  static TextPattern object(List<Property> properties) {
    List<Member> members =
        properties.stream()
            .map(
                property ->
                    new Member(
                        sequence(literal(quoted(property.name())), COLON, property.value()),
                        property.required()))
            .toList();
    return sequence(literal("{"), new Members(members, COMMA), literal("}"));
  }

  /** Any value whose arrays and objects are nested at most {@code depth} deep. */
  static TextPattern any(int depth) {
    TextPattern scalar = either(string(0, Repeat.UNBOUNDED), NUMBER, BOOLEAN, NULL);
    if (depth == 0) {
      return scalar;
    }
    TextPattern inner = any(depth - 1);
    return either(scalar, array(inner, 0, Repeat.UNBOUNDED), map(inner));
  }

  /** Whole numbers from {@code least} to {@code most}. */
  static TextPattern integer(long least, long most) {
    List<TextPattern> options = new ArrayList<>();
    if (most >= 0) {
      options.add(DigitRanges.of(Math.max(0, least), most));
    }
    if (least < 0) {
      options.add(sequence(literal("-"), DigitRanges.of(Math.max(1, -most), -least)));
    }
    return new Either(options);
  }

  /** Numbers from {@code least} to {@code most}, without an exponent. */
  static TextPattern number(long least, long most) {
    List<TextPattern> options = new ArrayList<>();
    if (most >= 0) {
      options.add(positive(Math.max(0, least), most));
    }
    if (least < 0) {
      options.add(sequence(literal("-"), positive(Math.max(0, -most), -least)));
    }
    return new Either(options);
  }

  private static TextPattern positive(long least, long most) {
    return either(sequence(DigitRanges.of(least, most - 1), FRACTION), DigitRanges.of(most, most));
  }

  /** This value alone. */
  static TextPattern value(JsonNode value) {
    if (value.isObject()) {
      return object(
          value.properties().stream()
              .map(entry -> new Property(entry.getKey(), value(entry.getValue()), true))
              .toList());
    }
    if (value.isArray()) {
      List<TextPattern> parts = new ArrayList<>();
      for (JsonNode element : value) {
        parts.add(parts.isEmpty() ? value(element) : sequence(COMMA, value(element)));
      }
      return sequence(literal("["), new Sequence(parts), literal("]"));
    }
    return literal(value.isTextual() ? quoted(value.textValue()) : value.toString());
  }

  private static String quoted(String text) {
    return TextNode.valueOf(text).toString();
  }
}
