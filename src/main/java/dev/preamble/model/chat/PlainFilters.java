package dev.preamble.model.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Map;

/** The filters on single values: a value for what is missing, and numbers. */
final class PlainFilters {
  /** Digits and exponent beyond which a number is not made. */
  private static final int MOST_DIGITS = 300;

  static final Map<String, Filters.Filter> TABLE =
      Map.of(
          "default", PlainFilters::otherwise,
          "d", PlainFilters::otherwise,
          "int", PlainFilters::integer,
          "float", PlainFilters::real,
          "abs", PlainFilters::absolute);

  private PlainFilters() {}

  private static Value otherwise(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("default", "default_value", "boolean");
    boolean missing =
        value instanceof Value.Undefined || bound.isTrue("boolean") && !Types.isTrue(value);
    return missing ? bound.find("default_value").orElse(Value.EMPTY) : value;
  }

  private static Value integer(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("int", "default");
    Value otherwise = bound.find("default").orElse(Value.of(0));
    return switch (value) {
      case Value.Int number -> number;
      case Value.Bool bool -> new Value.Int(Types.integer(bool));
      case Value.Real number -> truncated(number.value(), otherwise);
      case Value.Text text -> parsed(text.text(), otherwise);
      default -> otherwise;
    };
  }

  private static Value parsed(String text, Value otherwise) {
    String number = number(text);
    if (number.matches("[+-]?[0-9]++") && number.length() < MOST_DIGITS) {
      return new Value.Int(new BigInteger(number));
    }
    return isReal(number) ? truncated(Double.parseDouble(number), otherwise) : otherwise;
  }

  private static Value truncated(double value, Value otherwise) {
    return Double.isFinite(value) ? new Value.Int(new BigDecimal(value).toBigInteger()) : otherwise;
  }

  private static Value real(Value value, Arguments arguments, Evaluator evaluator) {
    Value otherwise = arguments.bind("float", "default").find("default").orElse(new Value.Real(0));
    if (Comparing.isNumber(value)) {
      return new Value.Real(Numbers.real(value));
    }
    return value instanceof Value.Text text && isReal(number(text.text()))
        ? new Value.Real(Double.parseDouble(number(text.text())))
        : otherwise;
  }

  private static String number(String text) {
    String bare = Characters.stripEnd(text);
    return bare.substring(Characters.skipSpace(bare, 0));
  }

  private static boolean isReal(String number) {
    return number.length() < MOST_DIGITS
        && number.matches("[+-]?([0-9]++(\\.[0-9]*+)?|\\.[0-9]++)([eE][+-]?[0-9]++)?");
  }

  private static Value absolute(Value value, Arguments arguments, Evaluator evaluator) {
    arguments.bind("abs");
    return value instanceof Value.Real number
        ? new Value.Real(Math.abs(number.value()))
        : new Value.Int(Types.integer(value).abs());
  }
}
