package dev.preamble.model.chat;

import dev.preamble.PythonForms;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The filter {@code tojson} of transformers: Python's {@code json.dumps} with its options. */
final class PythonJson {
  private static final int DEEPEST = 200;

  private final StringBuilder out = new StringBuilder();
  private final Budget budget;
  private final boolean ascii;
  private final boolean sorted;
  private final Optional<String> indent;
  private final String itemSeparator;
  private final String keySeparator;

  private PythonJson(Arguments.Bound options, Budget budget) {
    this.budget = budget;
    this.ascii = options.isTrue("ensure_ascii");
    this.sorted = options.isTrue("sort_keys");
    this.indent =
        options
            .given("indent")
            .map(
                width ->
                    width instanceof Value.Text text
                        ? text.text()
                        : " ".repeat(Math.clamp(Types.small(width), 0, 100)));
    Optional<List<Value>> separators =
        options.given("separators").map(pair -> Types.list(pair, budget));
    if (separators.isPresent() && separators.get().size() != 2) {
      throw new Fault("tojson: expected two separators, found " + separators.get().size());
    }
    this.itemSeparator =
        separators.map(pair -> Types.text(pair.getFirst())).orElse(indent.isPresent() ? "," : ", ");
    this.keySeparator = separators.map(pair -> Types.text(pair.getLast())).orElse(": ");
  }

  static Value filter(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound options =
        arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
    PythonJson json = new PythonJson(options, evaluator.budget());
    json.write(value, "\n", 0);
    return new Value.Text(json.out.toString());
  }

  private void write(Value value, String newline, int depth) {
    if (depth > DEEPEST) {
      throw new Fault("tojson: values in one another deeper than " + DEEPEST);
    }
    budget.step();
    budget.grow(out.length(), newline.length());
    switch (value) {
      case Value.Text text -> quoted(text.text());
      case Value.Int number -> {
        budget.work(number.value().bitLength() / 3);
        out.append(number.value());
      }
      case Value.Real number -> out.append(PythonForms.repr(number.value(), "NaN", "Infinity"));
      case Value.Bool bool -> out.append(bool.value());
      case Value.None none -> out.append("null");
      case Value.Sequence sequence when sequence.kind() != Value.Sequence.Kind.VIEW ->
          array(sequence.items(), newline, depth);
      case Value.Mapping mapping -> object(mapping.entries(), newline, depth);
      default -> throw Types.expected("what JSON can hold", value);
    }
  }

  private void array(List<Value> items, String newline, int depth) {
    if (items.isEmpty()) {
      out.append("[]");
      return;
    }
    String inner = newline + indent.orElse("");
    String before = "[";
    for (Value item : items) {
      begin(before, inner);
      write(item, inner, depth + 1);
      before = itemSeparator;
    }
    begin("", newline);
    out.append(']');
  }

  private void object(Map<String, Value> entries, String newline, int depth) {
    if (entries.isEmpty()) {
      out.append("{}");
      return;
    }
    Map<String, Value> ordered = entries;
    if (sorted) {
      List<String> keys = new ArrayList<>(entries.keySet());
      Collections.sort(keys, Comparing::compareText);
      ordered = new LinkedHashMap<>();
      for (String key : keys) {
        ordered.put(key, entries.get(key));
      }
    }
    String inner = newline + indent.orElse("");
    String before = "{";
    for (Map.Entry<String, Value> entry : ordered.entrySet()) {
      begin(before, inner);
      quoted(entry.getKey());
      out.append(keySeparator);
      write(entry.getValue(), inner, depth + 1);
      before = itemSeparator;
    }
    begin("", newline);
    out.append('}');
  }

  private void begin(String before, String newline) {
    out.append(before).append(indent.isPresent() ? newline : "");
  }

  private void quoted(String text) {
    budget.make(text.length());
    PythonForms.appendJson(out, text, ascii);
  }
}
