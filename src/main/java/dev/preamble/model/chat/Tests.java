package dev.preamble.model.chat;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The tests by name: {@code value is name}. */
final class Tests {
  /** Whether a test holds. */
  private interface Test {
    boolean holds(Value value, List<Value> arguments, Budget budget);
  }

  private static final Map<String, Test> TABLE = table();

  private Tests() {}

  private static Map<String, Test> table() {
    Map<String, Test> table = new HashMap<>();
    table.put("defined", plain(value -> !(value instanceof Value.Undefined)));
    table.put("undefined", plain(value -> value instanceof Value.Undefined));
    table.put("none", plain(value -> value instanceof Value.None));
    table.put("boolean", plain(value -> value instanceof Value.Bool));
    table.put("true", plain(value -> value instanceof Value.Bool bool && bool.value()));
    table.put("false", plain(value -> value instanceof Value.Bool bool && !bool.value()));
    table.put("integer", plain(value -> value instanceof Value.Int));
    table.put("float", plain(value -> value instanceof Value.Real));
    table.put("number", plain(Comparing::isNumber));
    table.put("string", plain(value -> value instanceof Value.Text));
    table.put("mapping", plain(value -> value instanceof Value.Mapping));
    table.put("iterable", plain(Types::isIterable));
    table.put("sequence", plain(Tests::isSequence));
    table.put(
        "callable",
        plain(value -> value instanceof Value.Callable || value instanceof Value.Method));
    table.put("odd", plain(value -> Types.integer(value).testBit(0)));
    table.put("even", plain(value -> !Types.integer(value).testBit(0)));
    table.put("lower", shown(Casing::isLower));
    table.put("upper", shown(Casing::isUpper));
    table.put(
        "divisibleby",
        with(
            (value, divisor, budget) ->
                Types.integer(
                        Numbers.compute("%", value, new Value.Int(Types.integer(divisor)), budget))
                    .equals(BigInteger.ZERO)));
    table.put("sameas", with((value, other, budget) -> isSame(value, other)));
    table.put("in", comparing("in"));
    for (String name : List.of("eq", "equalto", "==")) {
      table.put(name, comparing("=="));
    }
    for (String name : List.of("ne", "!=")) {
      table.put(name, comparing("!="));
    }
    for (String name : List.of("lt", "lessthan", "<")) {
      table.put(name, comparing("<"));
    }
    for (String name : List.of("le", "<=")) {
      table.put(name, comparing("<="));
    }
    for (String name : List.of("gt", "greaterthan", ">")) {
      table.put(name, comparing(">"));
    }
    for (String name : List.of("ge", ">=")) {
      table.put(name, comparing(">="));
    }
    return Map.copyOf(table);
  }

  static boolean isKnown(String name) {
    return TABLE.containsKey(name);
  }

  static boolean holds(String name, Value value, Arguments arguments, Budget budget) {
    Test test = TABLE.get(name);
    if (test == null) {
      throw Fault.unsupported(0, "the test '" + name + "'");
    }
    return test.holds(value, arguments.onlyPositional("the test " + name), budget);
  }

  private static Test plain(Predicate<Value> predicate) {
    return (value, arguments, budget) -> {
      if (!arguments.isEmpty()) {
        throw new Fault("a test that takes no argument was given one");
      }
      return predicate.test(value);
    };
  }

  private static Test shown(Predicate<String> predicate) {
    return (value, arguments, budget) -> predicate.test(PythonText.str(value, budget));
  }

  /** A test with one argument. */
  private interface Pair {
    boolean holds(Value value, Value argument, Budget budget);
  }

  private static Test with(Pair pair) {
    return (value, arguments, budget) -> {
      if (arguments.size() != 1) {
        throw new Fault("a test that takes one argument was given " + arguments.size());
      }
      return pair.holds(value, arguments.getFirst(), budget);
    };
  }

  private static Test comparing(String operator) {
    return with((value, other, budget) -> Comparing.holds(operator, value, other, budget));
  }

  private static boolean isSequence(Value value) {
    return value instanceof Value.Text
        || value instanceof Value.Mapping
        || value instanceof Value.Undefined
        || value instanceof Value.Sequence sequence && sequence.kind() != Value.Sequence.Kind.VIEW;
  }

  /** For what Python has one object of; for others identity is not told. */
  private static boolean isSame(Value value, Value other) {
    boolean single = other instanceof Value.Bool || other instanceof Value.None;
    if (!single) {
      throw Fault.unsupported(0, "the test 'sameas' with " + Types.name(other));
    }
    return value.getClass() == other.getClass() && value.equals(other);
  }
}
