package dev.preamble.model.chat;

import dev.preamble.model.chat.Expression.Given;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Computes expressions. One rendering's, used by one thread. */
final class Evaluator {
  private final Budget budget;
  private final LocalDateTime now;

  Evaluator(Budget budget, LocalDateTime now) {
    this.budget = budget;
    this.now = now;
  }

  Budget budget() {
    return budget;
  }

  /** What {@code strftime_now} tells. */
  LocalDateTime now() {
    return now;
  }

  Value value(Expression expression, Scope scope) {
    budget.enter();
    Value value =
        switch (expression) {
          case Expression.Literal literal -> literal.value();
          case Expression.Name name -> variable(name.name(), scope);
          case Expression.Attribute member ->
              Members.attribute(value(member.target(), scope), member.name(), budget);
          case Expression.Item item ->
              Members.item(value(item.target(), scope), value(item.key(), scope), budget);
          case Expression.Slice slice -> slice(slice, scope);
          case Expression.Call call ->
              call(value(call.target(), scope), arguments(call.arguments(), scope));
          case Expression.Filter filter ->
              Filters.apply(
                  filter.name(),
                  value(filter.target(), scope),
                  arguments(filter.arguments(), scope),
                  this);
          case Expression.Test test ->
              Value.of(
                  Tests.holds(
                      test.name(),
                      value(test.target(), scope),
                      arguments(test.arguments(), scope),
                      budget));
          case Expression.Not not -> Value.of(!isTrue(not.operand(), scope));
          case Expression.Signed signed ->
              Numbers.signed(signed.negative(), value(signed.operand(), scope));
          case Expression.Logical logical -> {
            Value left = value(logical.left(), scope);
            yield Types.isTrue(left) == logical.isAnd() ? value(logical.right(), scope) : left;
          }
          case Expression.Arithmetic sum ->
              Numbers.compute(
                  sum.operator(), value(sum.left(), scope), value(sum.right(), scope), budget);
          case Expression.Concatenation joined -> concatenation(joined.parts(), scope);
          case Expression.Comparison comparison -> comparison(comparison, scope);
          case Expression.Conditional choice -> choice(choice, scope);
          case Expression.Listing listing ->
              new Value.Sequence(
                  values(listing.items(), scope),
                  listing.isTuple() ? Value.Sequence.Kind.TUPLE : Value.Sequence.Kind.LIST);
          case Expression.Dictionary dictionary -> dictionary(dictionary, scope);
        };
    budget.leave();
    return value;
  }

  boolean isTrue(Expression expression, Scope scope) {
    return Types.isTrue(value(expression, scope));
  }

  /** What printing the value of {@code expression} gives. */
  String text(Expression expression, Scope scope) {
    return PythonText.str(value(expression, scope), budget);
  }

  private static Value variable(String name, Scope scope) {
    return scope
        .find(name)
        .or(() -> Functions.find(name))
        .orElseGet(() -> new Value.Undefined("'" + name + "'"));
  }

  private List<Value> values(List<Expression> expressions, Scope scope) {
    List<Value> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(value(expression, scope));
    }
    return List.copyOf(values);
  }

  Arguments arguments(Given given, Scope scope) {
    Map<String, Value> named = new LinkedHashMap<>();
    List<Value> positional = values(given.positional(), scope);
    for (Expression.Named argument : given.named()) {
      if (named.put(argument.name(), value(argument.value(), scope)) != null) {
        throw new Fault("argument '%s' is given twice".formatted(argument.name()));
      }
    }
    return new Arguments(positional, named);
  }

  private Value call(Value target, Arguments arguments) {
    return switch (target) {
      case Value.Callable callable -> callable.function().call(arguments, this);
      case Value.Method method -> Methods.call(method.receiver(), method.name(), arguments, budget);
      default -> throw Types.expected("something to call", target);
    };
  }

  private Value slice(Expression.Slice slice, Scope scope) {
    Value target = value(slice.target(), scope);
    Optional<Integer> from = bound(slice.from(), scope);
    Optional<Integer> to = bound(slice.to(), scope);
    return Lists.slice(target, from, to, bound(slice.step(), scope).orElse(1), budget);
  }

  private Optional<Integer> bound(Optional<Expression> bound, Scope scope) {
    return bound
        .map(expression -> value(expression, scope))
        .filter(value -> !(value instanceof Value.None))
        .map(Types::small);
  }

  private Value concatenation(List<Expression> parts, Scope scope) {
    StringBuilder joined = new StringBuilder();
    for (Expression part : parts) {
      String text = text(part, scope);
      budget.make((long) joined.length() + text.length());
      joined.append(text);
    }
    return new Value.Text(joined.toString());
  }

  private Value comparison(Expression.Comparison comparison, Scope scope) {
    Value left = value(comparison.first(), scope);
    for (Expression.Compared other : comparison.others()) {
      Value right = value(other.operand(), scope);
      if (!Comparing.holds(other.operator(), left, right, budget)) {
        return Value.FALSE;
      }
      left = right;
    }
    return Value.TRUE;
  }

  private Value choice(Expression.Conditional choice, Scope scope) {
    if (isTrue(choice.test(), scope)) {
      return value(choice.then(), scope);
    }
    return choice
        .otherwise()
        .map(otherwise -> value(otherwise, scope))
        .orElseGet(() -> new Value.Undefined("the value of an if without else"));
  }

  private Value dictionary(Expression.Dictionary dictionary, Scope scope) {
    Map<String, Value> entries = new LinkedHashMap<>();
    for (Expression.Entry entry : dictionary.entries()) {
      Value key = value(entry.key(), scope);
      if (!(key instanceof Value.Text text)) {
        throw Fault.unsupported(0, "a dictionary's key that is " + Types.name(key));
      }
      entries.put(text.text(), value(entry.value(), scope));
    }
    return new Value.Mapping(entries);
  }
}
