package dev.preamble.model.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The functions that every template can call. */
final class Functions {
  /** The most numbers that a range may have, as in Jinja's sandbox. */
  private static final int LONGEST_RANGE = 100_000;

  private static final Map<String, Value> TABLE =
      Map.of(
          "range", function("range", Functions::range),
          "namespace", function("namespace", Functions::namespace),
          "dict", function("dict", Functions::dictionary),
          "raise_exception", function("raise_exception", Functions::raise),
          "strftime_now", function("strftime_now", Strftime::now));

  private Functions() {}

  static Optional<Value> find(String name) {
    return Optional.ofNullable(TABLE.get(name));
  }

  private static Value function(String name, Value.Function function) {
    return new Value.Callable(name, function);
  }

  private static Value range(Arguments arguments, Evaluator evaluator) {
    List<Value> bounds = arguments.onlyPositional("range");
    if (bounds.isEmpty() || bounds.size() > 3) {
      throw new Fault("range: expected 1 to 3 arguments, found " + bounds.size());
    }
    long start = bounds.size() == 1 ? 0 : Types.small(bounds.getFirst());
    long end = Types.small(bounds.size() == 1 ? bounds.getFirst() : bounds.get(1));
    long step = bounds.size() == 3 ? Types.small(bounds.get(2)) : 1;
    if (step == 0) {
      throw new Fault("range: the step cannot be 0");
    }
    long distance = step > 0 ? end - start : start - end;
    long count = Math.max(0, Math.ceilDiv(distance, Math.abs(step)));
    if (count > LONGEST_RANGE) {
      throw new Fault(
          "range: expected at most %,d numbers, found %,d".formatted(LONGEST_RANGE, count));
    }
    evaluator.budget().items(count);
    List<Value> numbers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      numbers.add(new Value.Int(BigInteger.valueOf(start + i * step)));
    }
    return Value.list(numbers);
  }

  private static Value namespace(Arguments arguments, Evaluator evaluator) {
    Value.Namespace namespace = new Value.Namespace();
    namespace.entries().putAll(entries("namespace", arguments));
    return namespace;
  }

  private static Value dictionary(Arguments arguments, Evaluator evaluator) {
    return new Value.Mapping(entries("dict", arguments));
  }

  private static Map<String, Value> entries(String called, Arguments arguments) {
    Map<String, Value> entries = new LinkedHashMap<>();
    for (Value given : arguments.positional()) {
      if (!(given instanceof Value.Mapping mapping) || arguments.positional().size() > 1) {
        throw Types.expected(called + ": one mapping", given);
      }
      entries.putAll(mapping.entries());
    }
    entries.putAll(arguments.named());
    return entries;
  }

  private static Value raise(Arguments arguments, Evaluator evaluator) {
    Value message = TextMethods.required(arguments, "raise_exception", 1).getFirst();
    throw new ConversationRefusedException(PythonText.str(message, evaluator.budget()));
  }
}
