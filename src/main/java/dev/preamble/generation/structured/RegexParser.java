package dev.preamble.generation.structured;

import dev.preamble.generation.structured.CodePoints.Range;
import dev.preamble.generation.structured.TextPattern.Characters;
import dev.preamble.generation.structured.TextPattern.Either;
import dev.preamble.generation.structured.TextPattern.Repeat;
import dev.preamble.generation.structured.TextPattern.Sequence;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads regular expressions of ECMAScript (those of JSON schemas) as far as they are regular:
 * characters and escapes, classes, groups, alternatives, quantifiers, anchors around a whole
 * alternative. Look-around, references to groups, word borders, properties and flags are refused by
 * name.
 */
final class RegexParser {
  private static final CodePoints DIGIT = CodePoints.of('0', '9');
  private static final CodePoints WORD =
      DIGIT.or(CodePoints.of('a', 'z')).or(CodePoints.of('A', 'Z')).or(CodePoints.of("_"));
  private static final CodePoints SPACE =
      CodePoints.of("\t\n\u000B\f\r \u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF")
          .or(CodePoints.of(0x2000, 0x200A));
  private static final CodePoints LINE_END = CodePoints.of("\n\r\u2028\u2029");
  private static final TextPattern ANYTHING =
      TextPattern.repeat(new Characters(CodePoints.ALL), 0, Repeat.UNBOUNDED);
  private static final int DEEPEST = 200;
  private static final int LONGEST = 20_000;
  private static final int LARGEST_COUNT = 100_000;

  private final int[] source;
  private final boolean whole;
  private int at;
  private int depth;

  private RegexParser(String source, boolean whole) {
    this.source = source.codePoints().toArray();
    this.whole = whole;
  }

  /**
   * The texts that match {@code source} from their beginning to their end.
   *
   * @throws RegexException if it is malformed or uses what is not had here
   */
  static TextPattern matching(String source) {
    return new RegexParser(source, true).parse();
  }

  /** The texts that have a match of {@code source} somewhere in them. */
  static TextPattern containing(String source) {
    return new RegexParser(source, false).parse();
  }

  private TextPattern parse() {
    if (source.length > LONGEST) {
      throw new RegexException("more than %,d characters".formatted(LONGEST), LONGEST);
    }
    List<TextPattern> options = new ArrayList<>();
    do {
      boolean begins = take('^');
      TextPattern body = sequence(true);
      boolean ends = take('$');
      if (at < source.length && source[at] != '|') {
        throw fault(source[at] == ')' ? "a ) that closes no group" : "$ not at the end");
      }
      List<TextPattern> parts = new ArrayList<>();
      if (!whole && !begins) {
        parts.add(ANYTHING);
      }
      parts.add(body);
      if (!whole && !ends) {
        parts.add(ANYTHING);
      }
      options.add(new Sequence(parts));
    } while (take('|'));
    return new Either(options);
  }

  private TextPattern alternatives() {
    List<TextPattern> options = new ArrayList<>();
    do {
      options.add(sequence(false));
    } while (take('|'));
    return new Either(options);
  }

  private TextPattern sequence(boolean top) {
    List<TextPattern> parts = new ArrayList<>();
    while (at < source.length && source[at] != '|' && source[at] != ')') {
      if (source[at] == '$' && top) {
        break;
      }
      parts.add(quantified(atom()));
    }
    return new Sequence(parts);
  }

  private TextPattern quantified(TextPattern body) {
    if (at == source.length) {
      return body;
    }
    int least;
    int most;
    switch (source[at]) {
      case '*' -> {
        least = 0;
        most = Repeat.UNBOUNDED;
        at++;
      }
      case '+' -> {
        least = 1;
        most = Repeat.UNBOUNDED;
        at++;
      }
      case '?' -> {
        least = 0;
        most = 1;
        at++;
      }
      case '{' -> {
        at++;
        least = count();
        most = least;
        if (take(',')) {
          most = at < source.length && source[at] != '}' ? count() : Repeat.UNBOUNDED;
        }
        expect('}');
        if (most != Repeat.UNBOUNDED && most < least) {
          throw fault("a repetition from %d to %d".formatted(least, most));
        }
      }
      default -> {
        return body;
      }
    }
    // Whether a quantifier is greedy or lazy changes which match is found, not what matches.
    take('?');
    if (at < source.length && "*+?{".indexOf(source[at]) >= 0) {
      throw fault("a quantifier behind a quantifier");
    }
    return TextPattern.repeat(body, least, most);
  }

  private int count() {
    int start = at;
    long value = 0;
    while (at < source.length && Character.digit(source[at], 10) >= 0 && source[at] <= '9') {
      value = Math.min(LARGEST_COUNT + 1L, 10 * value + source[at++] - '0');
    }
    if (at == start) {
      throw fault("{ without a number behind it; a brace itself is written \\{");
    }
    if (value > LARGEST_COUNT) {
      throw fault("a repetition of more than %,d".formatted(LARGEST_COUNT));
    }
    return (int) value;
  }

  private TextPattern atom() {
    int character = source[at++];
    return switch (character) {
      case '(' -> group();
      case '[' -> new Characters(characterClass());
      case '.' -> new Characters(LINE_END.not());
      case '\\' -> new Characters(escape(false));
      case '^' -> throw faultBefore("^ not at the beginning");
      case '$' -> throw faultBefore("$ not at the end");
      case '*', '+', '?', '{' -> throw faultBefore("a quantifier with nothing before it");
      default -> new Characters(CodePoints.of(character, character));
    };
  }

  private TextPattern group() {
    if (take('?')) {
      boolean named = at + 1 < source.length && source[at] == '<' && isLetter(source[at + 1]);
      if (named) {
        while (at < source.length && source[at] != '>') {
          at++;
        }
        expect('>');
      } else if (!take(':')) {
        throw fault("look-around or flags, which are not regular or not had here");
      }
    }
    if (++depth > DEEPEST) {
      throw fault("groups nested deeper than " + DEEPEST);
    }
    TextPattern body = alternatives();
    depth--;
    expect(')');
    return body;
  }

  private CodePoints characterClass() {
    boolean negated = take('^');
    CodePoints points = new CodePoints(List.of());
    while (at < source.length && source[at] != ']') {
      CodePoints first = classAtom();
      if (at + 1 < source.length && source[at] == '-' && source[at + 1] != ']') {
        at++;
        CodePoints last = classAtom();
        first = range(first, last);
      }
      points = points.or(first);
    }
    expect(']');
    CodePoints chosen = negated ? points.not() : points;
    if (chosen.isEmpty()) {
      throw fault("a class without characters");
    }
    return chosen;
  }

  private CodePoints range(CodePoints first, CodePoints last) {
    if (!isOne(first) || !isOne(last)) {
      throw fault("a range between what is not a character each");
    }
    Range from = first.ranges().getFirst();
    Range to = last.ranges().getFirst();
    if (from.first() > to.first()) {
      throw fault("a range whose end comes before its beginning");
    }
    return CodePoints.of(from.first(), to.first());
  }

  private static boolean isOne(CodePoints points) {
    return points.ranges().size() == 1
        && points.ranges().getFirst().first() == points.ranges().getFirst().last();
  }

  private CodePoints classAtom() {
    int character = source[at++];
    return character == '\\' ? escape(true) : CodePoints.of(character, character);
  }

  private CodePoints escape(boolean inClass) {
    if (at == source.length) {
      throw fault("a \\ at the end");
    }
    int character = source[at++];
    return switch (character) {
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.not();
      case 'w' -> WORD;
      case 'W' -> WORD.not();
      case 's' -> SPACE;
      case 'S' -> SPACE.not();
      case 't' -> CodePoints.of("\t");
      case 'n' -> CodePoints.of("\n");
      case 'r' -> CodePoints.of("\r");
      case 'f' -> CodePoints.of("\f");
      case 'v' -> CodePoints.of("\u000B");
      case '0' -> CodePoints.of(0, 0);
      case 'x' -> hexadecimal(2);
      case 'u' -> take('{') ? braced() : hexadecimal(4);
      case 'b' -> {
        if (!inClass) {
          throw faultBefore("a word border \\b, which is not had here");
        }
        yield CodePoints.of("\b");
      }
      default -> {
        if (isLetter(character) || Character.isDigit(character)) {
          throw faultBefore("\\" + Character.toString(character) + ", which is not had here");
        }
        yield CodePoints.of(character, character);
      }
    };
  }

  private CodePoints braced() {
    int end = at;
    while (end < source.length && source[end] != '}' && end - at < 7) {
      end++;
    }
    CodePoints point = hexadecimal(end - at);
    expect('}');
    return point;
  }

  private CodePoints hexadecimal(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = at < source.length ? Character.digit(source[at], 16) : -1;
      if (digit < 0) {
        throw fault("a character's number without its digits");
      }
      value = 16 * value + digit;
      at++;
    }
    boolean character =
        digits > 0 && value <= Character.MAX_CODE_POINT && (value < 0xD800 || value > 0xDFFF);
    if (!character) {
      throw faultBefore("a number that is no character's");
    }
    return CodePoints.of(value, value);
  }

  private static boolean isLetter(int character) {
    return Character.isLetter(character) || character == '_';
  }

  private boolean take(int expected) {
    if (at < source.length && source[at] == expected) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(int expected) {
    if (!take(expected)) {
      throw fault("expected " + Character.toString(expected));
    }
  }

  private RegexException fault(String what) {
    return new RegexException(what, at);
  }

  private RegexException faultBefore(String what) {
    return new RegexException(what, at - 1);
  }
}
