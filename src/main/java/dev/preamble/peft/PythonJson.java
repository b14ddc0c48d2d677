package dev.preamble.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.MathContext;
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

  /** A float as Python's {@code repr} shows it: {@code 0.1}, {@code 1e-05}, {@code 1e+16}. */
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    BigDecimal shortest = shortest(Math.abs(value));
    String digits = shortest.unscaledValue().toString();
    int exponent = digits.length() - 1 - shortest.scale();
    String sign = Double.doubleToRawLongBits(value) < 0 ? "-" : "";
    if (value == 0) {
      return sign + "0.0";
    }
    if (exponent < -4 || exponent >= 16) {
      String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
      return "%s%c%s%s".formatted(sign, digits.charAt(0), fraction, "e%+03d".formatted(exponent));
    }
    String plain = shortest.toPlainString();
    return sign + (plain.contains(".") ? plain : plain + ".0");
  }

  /** The fewest digits that read back as {@code value}; Java itself never goes below two. */
  private static BigDecimal shortest(double value) {
    BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    BigDecimal one = digits.round(new MathContext(1));
    return one.doubleValue() == value ? one.stripTrailingZeros() : digits;
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
                  : repr(value.doubleValue()));
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
    out.append('"');
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || c > '~') {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
