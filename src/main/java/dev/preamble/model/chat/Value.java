package dev.preamble.model.chat;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a template computes with, named and behaving as Python's. */
sealed interface Value {
  Value TRUE = new Bool(true);
  Value FALSE = new Bool(false);
  Value NONE = new None();
  Value EMPTY = new Text("");

  static Value of(boolean value) {
    return value ? TRUE : FALSE;
  }

  static Value of(long value) {
    return new Int(BigInteger.valueOf(value));
  }

  static Value list(List<Value> items) {
    return new Sequence(List.copyOf(items), Sequence.Kind.LIST);
  }

  static Value tuple(Value... items) {
    return new Sequence(List.of(items), Sequence.Kind.TUPLE);
  }

  record Text(String text) implements Value {}

  record Int(BigInteger value) implements Value {}

  record Real(double value) implements Value {}

  record Bool(boolean value) implements Value {}

  record None() implements Value {}

  /** What is not there; {@code what} says how it was asked for. */
  record Undefined(String what) implements Value {}

  /** A list, a tuple, or a view of a mapping's keys, values or items. */
  record Sequence(List<Value> items, Kind kind) implements Value {
    enum Kind {
      LIST,
      TUPLE,
      VIEW
    }
  }

  /** What can be gone over once: filters such as {@code map} give this and not a list. */
  record Generator(Iterator<Value> items) implements Value {}

  /** A dictionary; its keys are text. */
  record Mapping(Map<String, Value> entries) implements Value {}

  /** Variables that loops can change: {@code namespace()}. */
  record Namespace(Map<String, Value> entries) implements Value {
    Namespace() {
      this(new LinkedHashMap<>());
    }
  }

  /** The variable {@code loop}. */
  record Looping(Loop loop) implements Value {}

  /** A method of a value, not called yet. */
  record Method(Value receiver, String name) implements Value {}

  /** A function of the language, or a macro. */
  record Callable(String name, Function function) implements Value {}

  /** What a call does. */
  interface Function {
    Value call(Arguments arguments, Evaluator evaluator);
  }
}
