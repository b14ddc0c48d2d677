package dev.preamble.model.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;

/** What holds of values by their type: names, truth, length, going over them. */
final class Types {
  private Types() {}

  /** What messages call the type. */
  static String name(Value value) {
    return switch (value) {
      case Value.Text text -> "a string";
      case Value.Int number -> "an integer";
      case Value.Real number -> "a float";
      case Value.Bool bool -> "a boolean";
      case Value.None none -> "none";
      case Value.Undefined undefined -> undefined.what() + ", which is undefined";
      case Value.Sequence sequence ->
          sequence.kind() == Value.Sequence.Kind.TUPLE ? "a tuple" : "a list";
      case Value.Generator generator -> "a filter's result that is no list (add | list)";
      case Value.Mapping mapping -> "a mapping";
      case Value.Namespace namespace -> "a namespace";
      case Value.Looping loop -> "loop";
      case Value.Method method -> "the method " + method.name();
      case Value.Callable callable -> "the function " + callable.name();
    };
  }

  static boolean isTrue(Value value) {
    return switch (value) {
      case Value.Text text -> !text.text().isEmpty();
      case Value.Int number -> number.value().signum() != 0;
      case Value.Real number -> number.value() != 0;
      case Value.Bool bool -> bool.value();
      case Value.None none -> false;
      case Value.Undefined undefined -> false;
      case Value.Sequence sequence -> !sequence.items().isEmpty();
      case Value.Mapping mapping -> !mapping.entries().isEmpty();
      default -> true;
    };
  }

  static int length(Value value) {
    return switch (value) {
      case Value.Text text -> text.text().codePointCount(0, text.text().length());
      case Value.Sequence sequence -> sequence.items().size();
      case Value.Mapping mapping -> mapping.entries().size();
      case Value.Undefined undefined -> 0;
      default -> throw expected("something with a length", value);
    };
  }

  static boolean isIterable(Value value) {
    return switch (value) {
      case Value.Text text -> true;
      case Value.Sequence sequence -> true;
      case Value.Generator generator -> true;
      case Value.Mapping mapping -> true;
      case Value.Undefined undefined -> true;
      default -> false;
    };
  }

  /** The items of {@code value}: a string's characters, a mapping's keys. */
  static Iterator<Value> items(Value value, Budget budget) {
    return switch (value) {
      case Value.Text text -> {
        budget.items(text.text().length());
        yield text.text()
            .codePoints()
            .<Value>mapToObj(point -> new Value.Text(Character.toString(point)))
            .iterator();
      }
      case Value.Sequence sequence -> sequence.items().iterator();
      case Value.Generator generator -> generator.items();
      case Value.Mapping mapping -> {
        budget.items(mapping.entries().size());
        yield keys(mapping.entries().keySet()).iterator();
      }
      case Value.Undefined undefined -> List.<Value>of().iterator();
      default -> throw expected("something to go over", value);
    };
  }

  /** The items of {@code value} as a list. */
  static List<Value> list(Value value, Budget budget) {
    if (value instanceof Value.Sequence sequence) {
      return sequence.items();
    }
    List<Value> list = new ArrayList<>();
    for (Iterator<Value> items = items(value, budget); items.hasNext(); ) {
      budget.step();
      list.add(items.next());
    }
    return list;
  }

  static List<Value> keys(Collection<String> keys) {
    return keys.stream().<Value>map(Value.Text::new).toList();
  }

  /** The whole number that {@code value} is, booleans included. */
  static BigInteger integer(Value value) {
    return switch (value) {
      case Value.Int number -> number.value();
      case Value.Bool bool -> bool.value() ? BigInteger.ONE : BigInteger.ZERO;
      default -> throw expected("an integer", value);
    };
  }

  /** As {@link #integer}, for counts and places: what is beyond an int becomes its limit. */
  static int small(Value value) {
    BigInteger number = integer(value);
    return number.bitLength() < 32
        ? number.intValue()
        : number.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
  }

  static String text(Value value) {
    if (value instanceof Value.Text text) {
      return text.text();
    }
    throw expected("a string", value);
  }

  static Fault expected(String what, Value found) {
    return new Fault("expected %s, found %s".formatted(what, name(found)));
  }
}
