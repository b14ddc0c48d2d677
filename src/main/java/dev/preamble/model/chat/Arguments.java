package dev.preamble.model.chat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The values that a function, filter, test or method is called with. */
record Arguments(List<Value> positional, Map<String, Value> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /**
   * The values by parameter, as Python binds them.
   *
   * @param called what messages call the function
   */
  Bound bind(String called, String... parameters) {
    if (positional.size() > parameters.length) {
      throw new Fault(
          "%s: expected at most %d arguments, found %d"
              .formatted(called, parameters.length, positional.size()));
    }
    Map<String, Value> bound = new LinkedHashMap<>();
    for (int i = 0; i < positional.size(); i++) {
      bound.put(parameters[i], positional.get(i));
    }
    named.forEach(
        (name, value) -> {
          if (!List.of(parameters).contains(name)) {
            throw new Fault("%s: unknown argument '%s'".formatted(called, name));
          }
          if (bound.putIfAbsent(name, value) != null) {
            throw new Fault("%s: argument '%s' is given twice".formatted(called, name));
          }
        });
    return new Bound(called, bound);
  }

  /** Refuses arguments with names. */
  List<Value> onlyPositional(String called) {
    if (!named.isEmpty()) {
      throw new Fault(
          "%s: unknown argument '%s'".formatted(called, named.keySet().iterator().next()));
    }
    return positional;
  }

  /** These arguments without the first {@code count} that have no name. */
  Arguments without(int count) {
    return new Arguments(positional.subList(count, positional.size()), named);
  }

  /** Arguments by the name of their parameter. */
  record Bound(String called, Map<String, Value> values) {
    Optional<Value> find(String parameter) {
      return Optional.ofNullable(values.get(parameter));
    }

    /** As {@link #find}, none counting as not given. */
    Optional<Value> given(String parameter) {
      return find(parameter).filter(value -> !(value instanceof Value.None));
    }

    Value require(String parameter) {
      return find(parameter)
          .orElseThrow(
              () -> new Fault("%s: argument '%s' is missing".formatted(called, parameter)));
    }

    boolean isTrue(String parameter) {
      return find(parameter).map(Types::isTrue).orElse(false);
    }
  }
}
