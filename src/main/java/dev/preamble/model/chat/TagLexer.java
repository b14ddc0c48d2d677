package dev.preamble.model.chat;

import dev.preamble.model.chat.Token.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Splits what stands inside one tag: names, numbers, strings, operators. */
final class TagLexer {
  private static final Pattern REAL =
      Pattern.compile("\\d[\\d_]*+(?:\\.\\d[\\d_]*+(?:[eE][+-]?\\d++)?|[eE][+-]?\\d++)");
  private static final Pattern INTEGER = Pattern.compile("0|[1-9][\\d_]*+");
  private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*");
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");

  /** Of one tag: what its parser can hold on the stack, and far above what templates have. */
  private static final int MOST_TOKENS = 4000;

  private final String source;
  private final String end;
  private final List<Token> tokens;
  private final Deque<Character> open = new ArrayDeque<>();
  private int at;
  private int line;

  TagLexer(String source, int at, int line, String end, List<Token> tokens) {
    this.source = source;
    this.at = at;
    this.line = line;
    this.end = end;
    this.tokens = tokens;
  }

  /** Adds the tag's tokens; stops at its end, the sign before that included. */
  void run() {
    int most = tokens.size() + MOST_TOKENS;
    while (!atEnd()) {
      if (tokens.size() > most) {
        throw new Fault(line, "the tag has more than " + MOST_TOKENS + " parts");
      }
      if (at == source.length()) {
        throw new Fault(line, "the tag has no end; expected '" + end + "'");
      }
      char c = source.charAt(at);
      if (Characters.isSpace(c)) {
        line += c == '\n' ? 1 : 0;
        at++;
      } else if (c == '\'' || c == '"') {
        string(c);
      } else if (!matches(REAL, Kind.REAL, at == 0 || source.charAt(at - 1) != '.')
          && !matches(INTEGER, Kind.INTEGER, true)
          && !matches(NAME, Kind.NAME, true)) {
        operator();
      }
    }
  }

  int at() {
    return at;
  }

  int line() {
    return line;
  }

  /** {@code -} or {@code +} where one stands before the tag's end; a blank elsewhere. */
  char sign() {
    return source.startsWith(end, at) ? ' ' : source.charAt(at);
  }

  private boolean atEnd() {
    return open.isEmpty()
        && (source.startsWith(end, at)
            || source.startsWith("-" + end, at)
            || end.equals("%}") && source.startsWith("+" + end, at));
  }

  private boolean matches(Pattern pattern, Kind kind, boolean wanted) {
    Matcher matcher = pattern.matcher(source).region(at, source.length());
    if (!wanted || !matcher.lookingAt()) {
      return false;
    }
    tokens.add(new Token(kind, matcher.group(), line));
    at = matcher.end();
    return true;
  }

  private void string(char quote) {
    int close = at + 1;
    while (close < source.length() && source.charAt(close) != quote) {
      close += source.charAt(close) == '\\' ? 2 : 1;
    }
    if (close >= source.length()) {
      throw new Fault(line, "a string has no end; expected " + quote);
    }
    String body = source.substring(at + 1, close);
    tokens.add(new Token(Kind.STRING, StringLiteral.value(body, line), line));
    line += (int) body.chars().filter(c -> c == '\n').count();
    at = close + 1;
  }

  private void operator() {
    String operator =
        OPERATORS.stream()
            .filter(candidate -> source.startsWith(candidate, at))
            .findFirst()
            .orElseThrow(() -> new Fault(line, "unexpected character '" + source.charAt(at) + "'"));
    switch (operator) {
      case "(" -> open.push(')');
      case "[" -> open.push(']');
      case "{" -> open.push('}');
      case ")", "]", "}" -> {
        if (open.isEmpty() || open.pop() != operator.charAt(0)) {
          throw new Fault(line, "unexpected '" + operator + "'");
        }
      }
      default -> {}
    }
    tokens.add(new Token(Kind.OPERATOR, operator, line));
    at += operator.length();
  }
}
