package dev.preamble.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.ValueNode;
import dev.preamble.PreambleException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The object in an {@code adapter_config.json}, read field by field with PEFT's types. A field is
 * taken once; what nobody took is left in {@link #untaken}. An absent field and a null one are the
 * same, as in PEFT.
 */
final class ConfigFields {
  private final String source;
  private final ObjectNode rest;

  /** Fields of {@code object}; faults name {@code source}. */
  ConfigFields(String source, ObjectNode object) {
    this.source = source;
    this.rest = object.deepCopy();
  }

  Optional<String> text(String name) {
    return take(name).map(value -> typed(name, value, value.isTextual(), "text").textValue());
  }

  Optional<Integer> integer(String name) {
    return take(name).map(value -> integer(name, value));
  }

  /** A Python number: an integer stays one, so that it is written back without a point. */
  Optional<Number> number(String name) {
    return take(name).map(value -> typed(name, value, value.isNumber(), "a number").numberValue());
  }

  Optional<Boolean> flag(String name) {
    return take(name)
        .map(value -> typed(name, value, value.isBoolean(), "true or false").booleanValue());
  }

  Optional<ObjectNode> object(String name) {
    return take(name).map(value -> (ObjectNode) typed(name, value, value.isObject(), "an object"));
  }

  Optional<List<String>> texts(String name) {
    return take(name)
        .map(
            list -> {
              List<String> items = new ArrayList<>();
              for (JsonNode item : typed(name, list, list.isArray(), "a list of text")) {
                items.add(typed(name, item, item.isTextual(), "a list of text").textValue());
              }
              return List.copyOf(items);
            });
  }

  Optional<List<Integer>> integers(String name) {
    return take(name)
        .map(
            list -> {
              List<Integer> items = new ArrayList<>();
              for (JsonNode item : typed(name, list, list.isArray(), "a list of whole numbers")) {
                items.add(integer(name, item));
              }
              return List.copyOf(items);
            });
  }

  /** A number as it is written: an integer without a point, a float with one. */
  static ValueNode number(Number value) {
    return switch (value) {
      case BigInteger whole -> JsonNodeFactory.instance.numberNode(whole);
      case Integer whole -> JsonNodeFactory.instance.numberNode(whole);
      case Long whole -> JsonNodeFactory.instance.numberNode(whole);
      default -> JsonNodeFactory.instance.numberNode(value.doubleValue());
    };
  }

  /** The fields that no one asked for. */
  ObjectNode untaken() {
    return rest;
  }

  PreambleException fault(String message) {
    return new PreambleException(source + ": " + message);
  }

  private Optional<JsonNode> take(String name) {
    JsonNode value = rest.remove(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  private int integer(String name, JsonNode value) {
    boolean fits = value.isIntegralNumber() && value.canConvertToInt();
    return typed(name, value, fits, "a whole number below 2^31").intValue();
  }

  private JsonNode typed(String name, JsonNode value, boolean asExpected, String expected) {
    if (!asExpected) {
      String found = value.toString();
      throw fault(
          "field '%s' must be %s, found %s"
              .formatted(
                  name, expected, found.length() > 60 ? found.substring(0, 60) + "…" : found));
    }
    return value;
  }
}
