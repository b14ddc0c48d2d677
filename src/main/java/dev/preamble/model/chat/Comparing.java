package dev.preamble.model.chat;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/** Equality, order and membership, as Python has them. */
final class Comparing {
  private static final int DEEPEST = 200;

  private Comparing() {}

  static boolean equal(List<Value> left, List<Value> right) {
    return equal(left, right, 0);
  }

  static boolean equal(Value left, Value right) {
    return equal(left, right, 0);
  }

  private static boolean equal(Value left, Value right, int depth) {
    if (depth > DEEPEST) {
      throw new Fault("values in one another deeper than " + DEEPEST);
    }
    if (isNumber(left) && isNumber(right)) {
      return compareNumbers(left, right) == 0 && !isNan(left) && !isNan(right);
    }
    if (left instanceof Value.Undefined && right instanceof Value.Undefined) {
      return true;
    }
    if (left instanceof Value.Sequence a && right instanceof Value.Sequence b) {
      return a.kind() == b.kind() && equal(a.items(), b.items(), depth + 1);
    }
    if (left instanceof Value.Mapping a && right instanceof Value.Mapping b) {
      return equal(a.entries(), b.entries(), depth + 1);
    }
    if (left instanceof Value.Text a && right instanceof Value.Text b) {
      return a.text().equals(b.text());
    }
    return left instanceof Value.None && right instanceof Value.None || left == right;
  }

  private static boolean equal(List<Value> left, List<Value> right, int depth) {
    boolean same = left.size() == right.size();
    for (int i = 0; same && i < left.size(); i++) {
      same = equal(left.get(i), right.get(i), depth);
    }
    return same;
  }

  private static boolean equal(Map<String, Value> left, Map<String, Value> right, int depth) {
    return left.size() == right.size()
        && left.entrySet().stream()
            .allMatch(
                entry ->
                    right.containsKey(entry.getKey())
                        && equal(entry.getValue(), right.get(entry.getKey()), depth));
  }

  /** Below 0, 0 or above it, as {@code left} stands before, with or behind {@code right}. */
  static int order(Value left, Value right) {
    return order(left, right, 0);
  }

  private static int order(Value left, Value right, int depth) {
    if (isNumber(left) && isNumber(right)) {
      return compareNumbers(left, right);
    }
    if (left instanceof Value.Text a && right instanceof Value.Text b) {
      return compareText(a.text(), b.text());
    }
    if (left instanceof Value.Sequence a
        && right instanceof Value.Sequence b
        && a.kind() == b.kind()
        && a.kind() != Value.Sequence.Kind.VIEW
        && depth < DEEPEST) {
      return order(a.items(), b.items(), depth + 1);
    }
    throw new Fault("cannot order %s and %s".formatted(Types.name(left), Types.name(right)));
  }

  /** By the first items that differ, else by length. */
  private static int order(List<Value> left, List<Value> right, int depth) {
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!equal(left.get(i), right.get(i), depth)) {
        return order(left.get(i), right.get(i), depth);
      }
    }
    return Integer.compare(left.size(), right.size());
  }

  /** Whether {@code operator} holds; what cannot be ordered is refused. */
  static boolean holds(String operator, Value left, Value right, Budget budget) {
    if (left instanceof Value.Text a && right instanceof Value.Text b) {
      budget.work(Math.min(a.text().length(), b.text().length()));
    }
    boolean ordered = !isNan(left) && !isNan(right);
    return switch (operator) {
      case "==" -> equal(left, right);
      case "!=" -> !equal(left, right);
      case "<" -> order(left, right) < 0 && ordered;
      case "<=" -> order(left, right) <= 0 && ordered;
      case ">" -> order(left, right) > 0 && ordered;
      case ">=" -> order(left, right) >= 0 && ordered;
      case "in" -> contains(right, left, budget);
      case "not in" -> !contains(right, left, budget);
      default -> throw new IllegalArgumentException(operator);
    };
  }

  private static boolean contains(Value container, Value sought, Budget budget) {
    switch (container) {
      case Value.Text text -> {
        String part = Types.text(sought);
        budget.search(text.text().length(), part.length());
        return text.text().contains(part);
      }
      case Value.Mapping mapping -> {
        return sought instanceof Value.Text key && mapping.entries().containsKey(key.text());
      }
      default -> {
        for (var items = Types.items(container, budget); items.hasNext(); ) {
          budget.step();
          if (holds("==", items.next(), sought, budget)) {
            return true;
          }
        }
        return false;
      }
    }
  }

  static boolean isNumber(Value value) {
    return value instanceof Value.Int || value instanceof Value.Real || value instanceof Value.Bool;
  }

  private static boolean isNan(Value value) {
    return value instanceof Value.Real real && Double.isNaN(real.value());
  }

  private static int compareNumbers(Value left, Value right) {
    if (left instanceof Value.Real || right instanceof Value.Real) {
      double a = Numbers.real(left);
      double b = Numbers.real(right);
      boolean finite = Double.isFinite(a) && Double.isFinite(b);
      return finite && Numbers.isExact(left, right)
          ? decimal(left).compareTo(decimal(right))
          : Double.compare(a + 0.0, b + 0.0);
    }
    return Types.integer(left).compareTo(Types.integer(right));
  }

  private static BigDecimal decimal(Value value) {
    return value instanceof Value.Real real
        ? new BigDecimal(real.value())
        : new BigDecimal(Types.integer(value));
  }

  /** By code points, which for characters beyond the basic plane is not the order of UTF-16. */
  static int compareText(String left, String right) {
    int common = Math.min(left.length(), right.length());
    for (int i = 0; i < common; i++) {
      char a = left.charAt(i);
      char b = right.charAt(i);
      if (a != b) {
        boolean surrogates = Character.isSurrogate(a) != Character.isSurrogate(b);
        return surrogates ? (Character.isSurrogate(a) ? 1 : -1) : Character.compare(a, b);
      }
    }
    return Integer.compare(left.length(), right.length());
  }
}
