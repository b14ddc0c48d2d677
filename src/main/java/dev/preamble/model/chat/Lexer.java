package dev.preamble.model.chat;

import dev.preamble.model.chat.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Splits a template into text and tags, with Jinja's rules for the white space around tags as
 * transformers sets them: the newline behind a tag and the blanks before a tag that begins its line
 * are dropped ({@code trim_blocks}, {@code lstrip_blocks}); {@code -} drops all white space on its
 * side, {@code +} keeps it.
 */
final class Lexer {
  private static final Pattern NEWLINE = Pattern.compile("\r\n|\r");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private boolean lineStarts = true;

  private Lexer(String source) {
    String unified = NEWLINE.matcher(source).replaceAll("\n");
    this.source = unified.endsWith("\n") ? unified.substring(0, unified.length() - 1) : unified;
  }

  static List<Token> tokens(String source) {
    Lexer lexer = new Lexer(source);
    lexer.run();
    return List.copyOf(lexer.tokens);
  }

  private void run() {
    while (true) {
      int tag = nextTag();
      if (tag < 0) {
        text(source.substring(at));
        tokens.add(new Token(Kind.END, "", line));
        return;
      }
      char type = source.charAt(tag + 1);
      char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
      boolean signed = sign == '-' || sign == '+';
      String before = source.substring(at, tag);
      int newlines = newlines(before);
      if (sign == '-') {
        text(Characters.stripEnd(before));
      } else {
        text(sign == '+' || type == '{' ? before : withoutIndent(before));
      }
      line += newlines;
      at = tag + (signed ? 3 : 2);
      if (type == '#') {
        comment();
      } else {
        tag(type == '{');
      }
    }
  }

  private int nextTag() {
    for (int i = source.indexOf('{', at); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  /** Blanks that stand between the line's start and a tag are dropped. */
  private String withoutIndent(String before) {
    int start = before.lastIndexOf('\n') + 1;
    boolean blank = Characters.skipSpace(before, start) == before.length();
    return blank && (start > 0 || lineStarts) ? before.substring(0, start) : before;
  }

  private void text(String text) {
    if (!text.isEmpty()) {
      tokens.add(new Token(Kind.TEXT, text, line));
    }
  }

  private void comment() {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw new Fault(line, "the comment has no end; expected '#}'");
    }
    char sign = end > at ? source.charAt(end - 1) : ' ';
    endTag(end + 2, sign, true);
  }

  private void tag(boolean prints) {
    tokens.add(new Token(prints ? Kind.PRINT_BEGIN : Kind.TAG_BEGIN, "", line));
    TagLexer inside = new TagLexer(source, at, line, prints ? "}}" : "%}", tokens);
    inside.run();
    line = inside.line();
    at = inside.at();
    char sign = inside.sign();
    int end = at + (sign == ' ' ? 2 : 3);
    tokens.add(new Token(prints ? Kind.PRINT_END : Kind.TAG_END, "", line));
    endTag(end, sign, !prints);
  }

  /** Goes behind a tag that ends before {@code end}. */
  private void endTag(int end, char sign, boolean trims) {
    int next = end;
    if (sign == '-') {
      next = Characters.skipSpace(source, end);
    } else if (sign != '+' && trims && source.startsWith("\n", end)) {
      next++;
    }
    line += newlines(source.substring(at, next));
    lineStarts = source.charAt(next - 1) == '\n';
    at = next;
  }

  private static int newlines(String text) {
    return (int) text.chars().filter(c -> c == '\n').count();
  }
}
