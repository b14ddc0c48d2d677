package dev.preamble.model.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/** Arithmetic on numbers, and {@code +} and {@code *} on strings and lists, as Python has them. */
final class Numbers {
  /** Far above what templates count, and far below what takes time. */
  private static final int MOST_BITS = 1024;

  private Numbers() {}

  static Value compute(String operator, Value left, Value right, Budget budget) {
    if (!Comparing.isNumber(left) || !Comparing.isNumber(right)) {
      return join(operator, left, right, budget);
    }
    if (left instanceof Value.Real || right instanceof Value.Real || operator.equals("/")) {
      return real(operator, left, right);
    }
    BigInteger a = Types.integer(left);
    BigInteger b = Types.integer(right);
    BigInteger result =
        switch (operator) {
          case "+" -> a.add(b);
          case "-" -> a.subtract(b);
          case "*" -> a.multiply(b);
          default -> {
            BigInteger[] parts = a.divideAndRemainder(nonZero(b));
            boolean below = parts[1].signum() * b.signum() < 0;
            yield operator.equals("%")
                ? below ? parts[1].add(b) : parts[1]
                : below ? parts[0].subtract(BigInteger.ONE) : parts[0];
          }
        };
    if (result.bitLength() > MOST_BITS) {
      throw new Fault("a number of more than " + MOST_BITS + " bits");
    }
    return new Value.Int(result);
  }

  static Value signed(boolean negative, Value operand) {
    if (operand instanceof Value.Real real) {
      return negative ? new Value.Real(-real.value()) : operand;
    }
    BigInteger value = Types.integer(operand);
    return new Value.Int(negative ? value.negate() : value);
  }

  private static Value real(String operator, Value left, Value right) {
    double a = real(left);
    double b = real(right);
    return new Value.Real(
        switch (operator) {
          case "+" -> a + b;
          case "-" -> a - b;
          case "*" -> a * b;
          case "/" -> quotient(left, right);
          case "%" -> modulo(a, nonZero(b));
          default -> floor(a, nonZero(b));
        });
  }

  private static double quotient(Value left, Value right) {
    if (left instanceof Value.Real || right instanceof Value.Real) {
      return real(left) / nonZero(real(right));
    }
    return new BigDecimal(Types.integer(left))
        .divide(new BigDecimal(nonZero(Types.integer(right))), new MathContext(60))
        .doubleValue();
  }

  private static double modulo(double a, double b) {
    double rest = a % b;
    if (rest != 0 && rest < 0 != b < 0) {
      return rest + b;
    }
    return rest == 0 ? Math.copySign(0, b) : rest;
  }

  private static double floor(double a, double b) {
    double exact = (a - modulo(a, b)) / b;
    double floor = Math.floor(exact);
    return exact - floor > 0.5 ? floor + 1 : floor;
  }

  private static Value join(String operator, Value left, Value right, Budget budget) {
    if (operator.equals("+") && left instanceof Value.Text a && right instanceof Value.Text b) {
      budget.make((long) a.text().length() + b.text().length());
      return new Value.Text(a.text() + b.text());
    }
    if (operator.equals("+")
        && left instanceof Value.Sequence a
        && right instanceof Value.Sequence b
        && a.kind() == b.kind()
        && a.kind() != Value.Sequence.Kind.VIEW) {
      return Lists.concatenation(a, b, budget);
    }
    if (operator.equals("*") && left instanceof Value.Text text && !(right instanceof Value.Real)) {
      long count = Math.max(0, Types.small(right));
      budget.make(Math.multiplyExact(count, text.text().length()));
      return new Value.Text(text.text().repeat((int) (text.text().isEmpty() ? 0 : count)));
    }
    if (operator.equals("*") && right instanceof Value.Text && !(left instanceof Value.Text)) {
      return join(operator, right, left, budget);
    }
    if (operator.equals("%") && left instanceof Value.Text) {
      throw Fault.unsupported(0, "'%' that formats a string");
    }
    throw new Fault(
        "cannot compute %s %s %s".formatted(Types.name(left), operator, Types.name(right)));
  }

  static double real(Value value) {
    return value instanceof Value.Real real ? real.value() : Types.integer(value).doubleValue();
  }

  /** Whether one is an integer that a float may not hold, so that they compare as decimals. */
  static boolean isExact(Value left, Value right) {
    return left instanceof Value.Int || right instanceof Value.Int;
  }

  private static BigInteger nonZero(BigInteger divisor) {
    if (divisor.signum() == 0) {
      throw new Fault("division by zero");
    }
    return divisor;
  }

  private static double nonZero(double divisor) {
    if (divisor == 0) {
      throw new Fault("division by zero");
    }
    return divisor;
  }
}
