package dev.preamble.server;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.ParserMessage;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;

/** A JSON object from a client, field by field; what is wrong is refused by the field's name. */
final class RequestBody {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final int SHOWN = 60;

  private final ObjectNode fields;
  private final String prefix;

  private RequestBody(ObjectNode fields, String prefix) {
    this.fields = fields;
    this.prefix = prefix;
  }

  static RequestBody parse(byte[] body) {
    try {
      if (JSON.readTree(body) instanceof ObjectNode fields) {
        return new RequestBody(fields, "");
      }
      throw ApiError.badBody("the body: expected a JSON object");
    } catch (JacksonException malformed) {
      throw ApiError.badBody("the body is not valid JSON: " + reason(malformed));
    } catch (IOException impossible) {
      throw ApiError.badBody("the body cannot be read");
    }
  }

  /** Where and what, without the parser's remark on its own settings. */
  private static String reason(JacksonException malformed) {
    String what = ParserMessage.brief(malformed.getOriginalMessage());
    return Optional.ofNullable(malformed.getLocation())
        .map(place -> "line %d, column %d: ".formatted(place.getLineNr(), place.getColumnNr()))
        .orElse("")
        .concat(what);
  }

  /** Refuses fields that are not among {@code known}. */
  void only(Set<String> known) {
    for (String name : (Iterable<String>) fields::fieldNames) {
      if (!known.contains(name)) {
        throw ApiError.badField(
            prefix + name,
            "%s: no field of that name is served; served are %s"
                .formatted(prefix + name, String.join(", ", known.stream().sorted().toList())));
      }
    }
  }

  /** The field's value; null counts as absent. */
  Optional<JsonNode> find(String name) {
    return Optional.ofNullable(fields.get(name)).filter(value -> !value.isNull());
  }

  JsonNode required(String name) {
    return find(name).orElseThrow(() -> bad(name, "is missing"));
  }

  Optional<String> text(String name) {
    return find(name)
        .map(value -> require(name, value, JsonNode::isTextual, "a text"))
        .map(JsonNode::textValue);
  }

  ApiError missing(String name) {
    return bad(name, "is missing");
  }

  /** A whole number from {@code least} on, at a place of the body. */
  int wholeNumber(String place, JsonNode value, int least) {
    return require(
            place,
            value,
            number ->
                number.isIntegralNumber() && number.canConvertToInt() && number.intValue() >= least,
            "a whole number of at least " + least)
        .intValue();
  }

  /** A whole number from {@code least} on, if the field is there. */
  OptionalInt wholeNumber(String name, int least) {
    return find(name)
        .map(value -> OptionalInt.of(wholeNumber(name, value, least)))
        .orElse(OptionalInt.empty());
  }

  /** A number, or {@code otherwise} if the field is not there. */
  double number(String name, double otherwise) {
    return find(name)
        .map(value -> require(name, value, JsonNode::isNumber, "a number").doubleValue())
        .orElse(otherwise);
  }

  boolean flag(String name) {
    return find(name)
        .map(value -> require(name, value, JsonNode::isBoolean, "true or false"))
        .map(JsonNode::booleanValue)
        .orElse(false);
  }

  /** The object in a field, if there is one. */
  Optional<RequestBody> object(String name) {
    return find(name)
        .map(value -> require(name, value, JsonNode::isObject, "an object"))
        .map(value -> new RequestBody((ObjectNode) value, prefix + name + "."));
  }

  /** {@code value} if it is as {@code expected} says; {@code place} names it in the message. */
  JsonNode require(String place, JsonNode value, Predicate<JsonNode> holds, String expected) {
    if (!holds.test(value)) {
      throw bad(place, "expected %s, found %s".formatted(expected, shown(value)));
    }
    return value;
  }

  ApiError bad(String place, String message) {
    int bracket = place.indexOf('[');
    return ApiError.badField(
        prefix + (bracket < 0 ? place : place.substring(0, bracket)),
        "%s: %s".formatted(prefix + place, message));
  }

  private static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
  }
}
