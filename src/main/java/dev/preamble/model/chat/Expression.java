package dev.preamble.model.chat;

import java.util.List;
import java.util.Optional;

/** What a template computes a value with. */
sealed interface Expression {
  /** A value that stands in the template. */
  record Literal(Value value) implements Expression {}

  /** A variable, macro or function. */
  record Name(String name) implements Expression {}

  /** {@code target.name}. */
  record Attribute(Expression target, String name) implements Expression {}

  /** {@code target[key]}. */
  record Item(Expression target, Expression key) implements Expression {}

  /** {@code target[from:to:step]}. */
  record Slice(
      Expression target,
      Optional<Expression> from,
      Optional<Expression> to,
      Optional<Expression> step)
      implements Expression {}

  /** {@code target(arguments)}. */
  record Call(Expression target, Given arguments) implements Expression {}

  /** {@code target | name(arguments)}. */
  record Filter(Expression target, String name, Given arguments) implements Expression {}

  /** {@code target is name(arguments)}. */
  record Test(Expression target, String name, Given arguments) implements Expression {}

  /** {@code not operand}. */
  record Not(Expression operand) implements Expression {}

  /** {@code -operand} or {@code +operand}. */
  record Signed(boolean negative, Expression operand) implements Expression {}

  /** {@code left and right} or {@code left or right}: the operand that decides. */
  record Logical(boolean isAnd, Expression left, Expression right) implements Expression {}

  /** Arithmetic: {@code + - * / // %}. */
  record Arithmetic(String operator, Expression left, Expression right) implements Expression {}

  /** {@code a ~ b ~ c}: the text of all. */
  record Concatenation(List<Expression> parts) implements Expression {}

  /** {@code first < second <= third}: all must hold. */
  record Comparison(Expression first, List<Compared> others) implements Expression {}

  /** {@code then if test else otherwise}. */
  record Conditional(Expression test, Expression then, Optional<Expression> otherwise)
      implements Expression {}

  /** {@code [a, b]} or {@code (a, b)}. */
  record Listing(List<Expression> items, boolean isTuple) implements Expression {}

  /** {@code {'key': value}}. */
  record Dictionary(List<Entry> entries) implements Expression {}

  /** An operator with what stands right of it. */
  record Compared(String operator, Expression operand) {}

  /** One key of a dictionary with its value. */
  record Entry(Expression key, Expression value) {}

  /** The arguments of a call as they stand. */
  record Given(List<Expression> positional, List<Named> named) {
    static final Given NONE = new Given(List.of(), List.of());
  }

  /** {@code name=value}. */
  record Named(String name, Expression value) {}
}
