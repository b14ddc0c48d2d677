package dev.preamble.model.chat;

import java.util.HashMap;
import java.util.Map;

/** The filters by name. */
final class Filters {
  /** What a filter makes of a value. */
  interface Filter {
    Value apply(Value value, Arguments arguments, Evaluator evaluator);
  }

  private static final Map<String, Filter> TABLE = table();

  private Filters() {}

  private static Map<String, Filter> table() {
    Map<String, Filter> table = new HashMap<>();
    table.putAll(TextFilters.TABLE);
    table.putAll(ListFilters.TABLE);
    table.putAll(SelectingFilters.TABLE);
    table.putAll(PlainFilters.TABLE);
    table.put("tojson", PythonJson::filter);
    return Map.copyOf(table);
  }

  static boolean isKnown(String name) {
    return TABLE.containsKey(name);
  }

  static Value apply(String name, Value value, Arguments arguments, Evaluator evaluator) {
    Filter filter = TABLE.get(name);
    if (filter == null) {
      throw name.equals("safe")
          ? Fault.unsupported(0, "the filter 'safe' on what is not printed at once")
          : Fault.unsupported(0, "the filter '" + name + "'");
    }
    return filter.apply(value, arguments, evaluator);
  }
}
