package dev.preamble.peft;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.PythonForms;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * JSON text as Python writes it with {@code json.dumps(value, indent=2, sort_keys=True)}: the bytes
 * of {@code adapter_config.json}. Keys stand in code point order, everything beyond printable ASCII
 * is escaped, floats have Python's {@code repr}, and no newline ends the text.
 */
final class PythonJson {
  private static final Comparator<String> CODE_POINTS =
      (left, right) -> Arrays.compare(left.codePoints().toArray(), right.codePoints().toArray());

  private final StringBuilder out = new StringBuilder();

  private PythonJson() {}

  static String write(JsonNode value) {
    PythonJson json = new PythonJson();
    json.value(value, "\n");
    return json.out.toString();
  }

  private void value(JsonNode value, String newline) {
    switch (value.getNodeType()) {
      case OBJECT -> object(value, newline);
      case ARRAY -> array(value, newline);
      case STRING -> text(value.textValue());
      case NUMBER ->
          out.append(
              value.isIntegralNumber()
                  ? value.bigIntegerValue().toString()
                  : PythonForms.repr(value.doubleValue(), "NaN", "Infinity"));
      case BOOLEAN -> out.append(value.booleanValue());
      case NULL -> out.append("null");
      default -> throw new IllegalArgumentException("no JSON value: " + value.getNodeType());
    }
  }

  private void object(JsonNode object, String newline) {
    Map<String, JsonNode> sorted = new TreeMap<>(CODE_POINTS);
    object.properties().forEach(field -> sorted.put(field.getKey(), field.getValue()));
    if (sorted.isEmpty()) {
      out.append("{}");
      return;
    }
    String separator = "{";
    for (Map.Entry<String, JsonNode> field : sorted.entrySet()) {
      out.append(separator).append(newline).append("  ");
      text(field.getKey());
      out.append(": ");
      value(field.getValue(), newline + "  ");
      separator = ",";
    }
    out.append(newline).append('}');
  }

  private void array(JsonNode array, String newline) {
    if (array.isEmpty()) {
      out.append("[]");
      return;
    }
    String separator = "[";
    for (Iterator<JsonNode> items = array.elements(); items.hasNext(); separator = ",") {
      out.append(separator).append(newline).append("  ");
      value(items.next(), newline + "  ");
    }
    out.append(newline).append(']');
  }

  private void text(String text) {
    PythonForms.appendJson(out, text, true);
  }
}
