package dev.preamble.model.chat;

import dev.preamble.model.chat.Token.Kind;
import java.util.List;

/** The tokens of a template, read one after the other by its parsers. */
final class TokenStream {
  /** Brackets and tags in one another; far above what templates have, far below the stack. */
  private static final int DEEPEST = 200;

  private final List<Token> tokens;
  private int at;
  private int depth;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token peekSecond() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  int line() {
    return peek().line();
  }

  Token next() {
    Token token = peek();
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  boolean skipName(String name) {
    boolean there = peek().isName(name);
    if (there) {
      next();
    }
    return there;
  }

  boolean skipOperator(String operator) {
    boolean there = peek().isOperator(operator);
    if (there) {
      next();
    }
    return there;
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected("'" + name + "'");
    }
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw unexpected("'" + operator + "'");
    }
  }

  Token expect(Kind kind, String called) {
    if (!peek().is(kind)) {
      throw unexpected(called);
    }
    return next();
  }

  /** A name that the template gives to something of its own. */
  String newName() {
    Token token = expect(Kind.NAME, "a name");
    if (Vocabulary.isReserved(token.text())) {
      throw new Fault(token.line(), "the name '" + token.text() + "' cannot be given a value");
    }
    return token.text();
  }

  Fault unexpected(String expected) {
    return new Fault(line(), "expected %s, found %s".formatted(expected, peek().shown()));
  }

  /** Goes a level deeper into brackets or tags; {@link #leave} comes back. */
  void enter() {
    if (++depth > DEEPEST) {
      throw new Fault(line(), "brackets or tags in one another deeper than " + DEEPEST);
    }
  }

  void leave() {
    depth--;
  }
}
