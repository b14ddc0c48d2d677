package dev.preamble.model.chat;

import dev.preamble.model.chat.Expression.Conditional;
import dev.preamble.model.chat.Expression.Filter;

/**
 * Expressions whose value becomes text at once. There the filter {@code safe} changes nothing; in
 * any other place its result would escape the text that is joined to it, which is not done here.
 */
final class Printed {
  private Printed() {}

  /** {@code expression} without the {@code safe} at its end. */
  static Expression of(Expression expression) {
    return switch (expression) {
      case Filter filter when filter.name().equals("safe") -> of(filter.target());
      case Conditional choice ->
          new Conditional(choice.test(), of(choice.then()), choice.otherwise().map(Printed::of));
      default -> expression;
    };
  }
}
