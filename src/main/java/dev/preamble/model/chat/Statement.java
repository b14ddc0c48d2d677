package dev.preamble.model.chat;

import java.util.List;
import java.util.Optional;

/** What a template consists of. */
sealed interface Statement {
  /** Text that stands in the template. */
  record Text(String text) implements Statement {}

  /** {@code {{ value }}}. */
  record Print(int line, Expression value) implements Statement {}

  /** {@code if}, {@code elif} and {@code else}; the first branch whose test holds is rendered. */
  record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

  /** {@code for names in items if condition}. */
  record For(
      int line,
      List<String> names,
      Expression items,
      Optional<Expression> condition,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  /** {@code set target = value}. */
  record Assign(int line, Target target, Expression value) implements Statement {}

  /** {@code set target} with the text up to {@code endset}. */
  record Capture(int line, Target target, List<Statement> body) implements Statement {}

  /** {@code macro name(parameters)}. */
  record Macro(String name, List<Parameter> parameters, List<Statement> body)
      implements Statement {}

  /** {@code generation}: what the model itself wrote, a scope of its own. */
  record Generation(List<Statement> body) implements Statement {}

  /** {@code break}. */
  record Break() implements Statement {}

  /** {@code continue}. */
  record Continue() implements Statement {}

  /** A test with what is rendered when it holds. */
  record Branch(int line, Expression test, List<Statement> body) {}

  /** A macro's parameter. */
  record Parameter(String name, Optional<Expression> standard) {}

  /** What a value is given to. */
  sealed interface Target {
    /** One name, or several that a sequence is spread over. */
    record Names(List<String> names) implements Target {}

    /** {@code namespace.attribute}. */
    record Member(String namespace, String attribute) implements Target {}
  }
}
