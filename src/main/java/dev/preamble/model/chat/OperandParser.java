package dev.preamble.model.chat;

import dev.preamble.model.chat.Expression.Attribute;
import dev.preamble.model.chat.Expression.Call;
import dev.preamble.model.chat.Expression.Dictionary;
import dev.preamble.model.chat.Expression.Entry;
import dev.preamble.model.chat.Expression.Filter;
import dev.preamble.model.chat.Expression.Given;
import dev.preamble.model.chat.Expression.Item;
import dev.preamble.model.chat.Expression.Listing;
import dev.preamble.model.chat.Expression.Literal;
import dev.preamble.model.chat.Expression.Name;
import dev.preamble.model.chat.Expression.Named;
import dev.preamble.model.chat.Expression.Not;
import dev.preamble.model.chat.Expression.Signed;
import dev.preamble.model.chat.Expression.Slice;
import dev.preamble.model.chat.Expression.Test;
import dev.preamble.model.chat.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads what stands between operators: a value with its subscripts, calls, filters and tests. */
final class OperandParser {
  private static final Set<String> AFTER_TEST = Set.of("else", "or", "and", "if", "in", "not");

  private final TokenStream tokens;
  private final ExpressionParser expressions;

  OperandParser(TokenStream tokens, ExpressionParser expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
  }

  Expression operand() {
    return filtered(signed());
  }

  private Expression signed() {
    tokens.enter();
    Expression operand =
        tokens.skipOperator("-")
            ? new Signed(true, signed())
            : tokens.skipOperator("+") ? new Signed(false, signed()) : primary();
    tokens.leave();
    return subscripted(operand);
  }

  private Expression primary() {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NAME -> name(tokens.next());
      case STRING -> new Literal(new Value.Text(strings()));
      case INTEGER ->
          new Literal(new Value.Int(new BigInteger(tokens.next().text().replace("_", ""))));
      case REAL ->
          new Literal(new Value.Real(Double.parseDouble(tokens.next().text().replace("_", ""))));
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> bracketed();
            case "[" -> new Listing(items("]"), false);
            case "{" -> dictionary();
            default -> throw tokens.unexpected("a value");
          };
      default -> throw tokens.unexpected("a value");
    };
  }

  private static Expression name(Token name) {
    Vocabulary.checkName(name);
    return switch (name.text()) {
      case "true", "True" -> new Literal(Value.TRUE);
      case "false", "False" -> new Literal(Value.FALSE);
      case "none", "None" -> new Literal(Value.NONE);
      default -> new Name(name.text());
    };
  }

  private String strings() {
    StringBuilder text = new StringBuilder();
    while (tokens.peek().is(Kind.STRING)) {
      text.append(tokens.next().text());
    }
    return text.toString();
  }

  private Expression bracketed() {
    tokens.expectOperator("(");
    Expression inside =
        tokens.peek().isOperator(")") ? new Listing(List.of(), true) : expressions.tuple();
    tokens.expectOperator(")");
    return inside;
  }

  private List<Expression> items(String close) {
    tokens.next();
    List<Expression> items = new ArrayList<>();
    separated(close, () -> items.add(expressions.expression()));
    return List.copyOf(items);
  }

  private Expression dictionary() {
    tokens.expectOperator("{");
    List<Entry> entries = new ArrayList<>();
    separated(
        "}",
        () -> {
          Expression key = expressions.expression();
          tokens.expectOperator(":");
          entries.add(new Entry(key, expressions.expression()));
        });
    return new Dictionary(List.copyOf(entries));
  }

  /** Reads items up to {@code close}; a comma may stand behind the last one too. */
  private void separated(String close, Runnable item) {
    for (boolean first = true; !tokens.skipOperator(close); first = false) {
      if (!first) {
        tokens.expectOperator(",");
        if (tokens.skipOperator(close)) {
          return;
        }
      }
      item.run();
    }
  }

  private Expression subscripted(Expression operand) {
    Expression target = operand;
    while (true) {
      int line = tokens.line();
      if (tokens.skipOperator(".")) {
        target = member(target);
      } else if (tokens.skipOperator("[")) {
        target = subscript(target);
        tokens.expectOperator("]");
      } else if (tokens.peek().isOperator("(")) {
        target = call(target, line);
      } else {
        return target;
      }
    }
  }

  private Expression member(Expression target) {
    if (tokens.peek().is(Kind.INTEGER)) {
      return new Item(target, primary());
    }
    Token name = tokens.expect(Kind.NAME, "a name");
    Vocabulary.checkAttribute(name);
    return new Attribute(target, name.text());
  }

  private Expression subscript(Expression target) {
    Optional<Expression> from = bound();
    if (!tokens.skipOperator(":")) {
      return new Item(target, from.orElseThrow(() -> tokens.unexpected("a key")));
    }
    Optional<Expression> to = bound();
    Optional<Expression> step = tokens.skipOperator(":") ? bound() : Optional.empty();
    return new Slice(target, from, to, step);
  }

  private Optional<Expression> bound() {
    return tokens.peek().isOperator(":") || tokens.peek().isOperator("]")
        ? Optional.empty()
        : Optional.of(expressions.expression());
  }

  private Expression call(Expression target, int line) {
    if (target instanceof Attribute attribute) {
      Vocabulary.checkMethod(line, attribute.name());
    }
    return new Call(target, arguments());
  }

  private Given arguments() {
    tokens.expectOperator("(");
    List<Expression> positional = new ArrayList<>();
    List<Named> named = new ArrayList<>();
    separated(")", () -> argument(positional, named));
    return new Given(List.copyOf(positional), List.copyOf(named));
  }

  private void argument(List<Expression> positional, List<Named> named) {
    Token token = tokens.peek();
    if (token.isOperator("*") || token.isOperator("**")) {
      throw Fault.unsupported(token.line(), "'" + token.text() + "' before an argument");
    }
    if (token.is(Kind.NAME) && tokens.peekSecond().isOperator("=")) {
      tokens.next();
      tokens.next();
      named.add(new Named(token.text(), expressions.expression()));
    } else if (named.isEmpty()) {
      positional.add(expressions.expression());
    } else {
      throw new Fault(token.line(), "an argument without a name behind one with a name");
    }
  }

  private Expression filtered(Expression operand) {
    Expression target = operand;
    while (true) {
      int line = tokens.line();
      if (tokens.skipOperator("|")) {
        String name = tokens.expect(Kind.NAME, "a filter's name").text();
        Vocabulary.checkFilter(line, name);
        Given arguments = tokens.peek().isOperator("(") ? arguments() : Given.NONE;
        target = new Filter(target, name, arguments);
      } else if (tokens.skipName("is")) {
        target = test(target);
      } else if (tokens.peek().isOperator("(")) {
        target = call(target, line);
      } else {
        return target;
      }
    }
  }

  private Expression test(Expression target) {
    boolean negated = tokens.skipName("not");
    Token name = tokens.expect(Kind.NAME, "a test's name");
    Vocabulary.checkTest(name.line(), name.text());
    Given arguments = Given.NONE;
    if (tokens.peek().isOperator("(")) {
      arguments = arguments();
    } else if (beginsArgument(tokens.peek())) {
      arguments = new Given(List.of(subscripted(primary())), List.of());
    }
    Expression test = new Test(target, name.text(), arguments);
    return negated ? new Not(test) : test;
  }

  private static boolean beginsArgument(Token token) {
    return switch (token.kind()) {
      case NAME -> !AFTER_TEST.contains(token.text()) && !token.text().equals("is");
      case STRING, INTEGER, REAL -> true;
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      default -> false;
    };
  }
}
