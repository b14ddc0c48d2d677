package dev.preamble.model.chat;

import java.util.List;
import java.util.Map;

/** The methods of mappings. */
final class MappingMethods {
  static final Map<String, Methods.Method<Map<String, Value>>> TABLE =
      Map.of(
          "get", MappingMethods::get,
          "items", (entries, arguments, budget) -> view("items", items(entries, budget), arguments),
          "keys",
              (entries, arguments, budget) -> view("keys", Types.keys(entries.keySet()), arguments),
          "values",
              (entries, arguments, budget) ->
                  view("values", List.copyOf(entries.values()), arguments));

  private MappingMethods() {}

  /** Pairs of key and value. */
  static List<Value> items(Map<String, Value> entries, Budget budget) {
    budget.items(entries.size());
    return entries.entrySet().stream()
        .map(entry -> Value.tuple(new Value.Text(entry.getKey()), entry.getValue()))
        .toList();
  }

  private static Value get(Map<String, Value> entries, Arguments arguments, Budget budget) {
    List<Value> given = arguments.onlyPositional("get");
    if (given.isEmpty() || given.size() > 2) {
      throw new Fault("get: expected a key and a value for its absence, found " + given.size());
    }
    Value otherwise = given.size() == 2 ? given.getLast() : Value.NONE;
    return given.getFirst() instanceof Value.Text key
        ? entries.getOrDefault(key.text(), otherwise)
        : otherwise;
  }

  private static Value view(String name, List<Value> items, Arguments arguments) {
    arguments.bind(name);
    return new Value.Sequence(items, Value.Sequence.Kind.VIEW);
  }
}
