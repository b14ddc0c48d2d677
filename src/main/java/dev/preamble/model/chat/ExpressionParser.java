package dev.preamble.model.chat;

import dev.preamble.model.chat.Expression.Arithmetic;
import dev.preamble.model.chat.Expression.Compared;
import dev.preamble.model.chat.Expression.Comparison;
import dev.preamble.model.chat.Expression.Concatenation;
import dev.preamble.model.chat.Expression.Conditional;
import dev.preamble.model.chat.Expression.Listing;
import dev.preamble.model.chat.Expression.Logical;
import dev.preamble.model.chat.Expression.Not;
import dev.preamble.model.chat.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads expressions by Jinja's precedence, which for {@code ~} and {@code +} is not Python's. */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final TokenStream tokens;
  private final OperandParser operands;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
    this.operands = new OperandParser(tokens, this);
  }

  /** An expression, or a tuple without its brackets: {@code 1, 2}. */
  Expression tuple() {
    Expression first = expression();
    if (!tokens.peek().isOperator(",")) {
      return first;
    }
    List<Expression> items = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",") && !endsTuple()) {
      items.add(expression());
    }
    return new Listing(List.copyOf(items), true);
  }

  private boolean endsTuple() {
    return tokens.peek().is(Kind.TAG_END)
        || tokens.peek().is(Kind.PRINT_END)
        || tokens.peek().isOperator(")");
  }

  Expression expression() {
    tokens.enter();
    Expression expression = disjunction();
    while (tokens.skipName("if")) {
      Expression test = disjunction();
      Optional<Expression> otherwise =
          tokens.skipName("else") ? Optional.of(expression()) : Optional.empty();
      expression = new Conditional(test, expression, otherwise);
    }
    tokens.leave();
    return expression;
  }

  /** An expression in which {@code if} belongs to what surrounds it. */
  Expression disjunction() {
    Expression left = conjunction();
    while (tokens.skipName("or")) {
      left = new Logical(false, left, conjunction());
    }
    return left;
  }

  private Expression conjunction() {
    Expression left = negation();
    while (tokens.skipName("and")) {
      left = new Logical(true, left, negation());
    }
    return left;
  }

  private Expression negation() {
    boolean negated = false;
    boolean any = false;
    while (tokens.skipName("not")) {
      negated = !negated;
      any = true;
    }
    Expression operand = comparison();
    return negated ? new Not(operand) : any ? new Not(new Not(operand)) : operand;
  }

  private Expression comparison() {
    Expression first = sum();
    List<Compared> others = new ArrayList<>();
    while (true) {
      Token token = tokens.peek();
      if (token.is(Kind.OPERATOR) && COMPARISONS.contains(token.text())) {
        others.add(new Compared(tokens.next().text(), sum()));
      } else if (tokens.skipName("in")) {
        others.add(new Compared("in", sum()));
      } else if (token.isName("not") && tokens.peekSecond().isName("in")) {
        tokens.next();
        tokens.next();
        others.add(new Compared("not in", sum()));
      } else {
        return others.isEmpty() ? first : new Comparison(first, List.copyOf(others));
      }
    }
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.peek().isOperator("+") || tokens.peek().isOperator("-")) {
      left = new Arithmetic(tokens.next().text(), left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    Expression first = product();
    if (!tokens.peek().isOperator("~")) {
      return first;
    }
    List<Expression> parts = new ArrayList<>(List.of(Printed.of(first)));
    while (tokens.skipOperator("~")) {
      parts.add(Printed.of(product()));
    }
    return new Concatenation(List.copyOf(parts));
  }

  private Expression product() {
    Expression left = operands.operand();
    while (true) {
      Token token = tokens.peek();
      if (token.isOperator("**")) {
        throw Fault.unsupported(token.line(), "the operator '**'");
      }
      if (!(token.isOperator("*")
          || token.isOperator("/")
          || token.isOperator("//")
          || token.isOperator("%"))) {
        return left;
      }
      left = new Arithmetic(tokens.next().text(), left, operands.operand());
    }
  }
}
