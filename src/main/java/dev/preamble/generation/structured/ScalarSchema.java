package dev.preamble.generation.structured;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The texts of a schema's strings and numbers. */
final class ScalarSchema {
  /** What a schema of strings may say. */
  static final Set<String> STRING = Set.of("pattern", "minLength", "maxLength", "format");

  /** What a schema of whole numbers may say. */
  static final Set<String> INTEGER =
      Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");

  /** What a schema of numbers may say. */
  static final Set<String> NUMBER = Set.of("minimum", "maximum");

  private static final Map<String, String> FORMATS =
      Map.of(
          "date", JsonFormats.DATE,
          "time", JsonFormats.TIME,
          "date-time", JsonFormats.DATE + "T" + JsonFormats.TIME,
          "uuid", JsonFormats.UUID);

  private ScalarSchema() {}

  /** Strings of a pattern, a format or a length. */
  static TextPattern string(JsonNode schema, String place) {
    boolean counted = schema.has("minLength") || schema.has("maxLength");
    List<String> formed = List.of("pattern", "format").stream().filter(schema::has).toList();
    if (formed.size() + (counted ? 1 : 0) > 1) {
      throw new SchemaException(
          place, "expected pattern, format or lengths, found several of them together");
    }
    if (schema.has("pattern")) {
      return JsonTexts.string(regex(schema.get("pattern"), place + "/pattern"));
    }
    if (schema.has("format")) {
      String format = FORMATS.get(schema.get("format").asText());
      if (format == null) {
        throw new SchemaException(
            place + "/format",
            "expected one of %s, found %s"
                .formatted(new TreeSet<>(FORMATS.keySet()), schema.get("format")));
      }
      return JsonTexts.string(RegexParser.matching(format));
    }
    int least = SchemaCount.least(schema, "minLength", place);
    return JsonTexts.string(least, SchemaCount.most(schema, "maxLength", least, place));
  }

  private static TextPattern regex(JsonNode pattern, String place) {
    try {
      return RegexParser.containing(pattern.asText());
    } catch (RegexException fault) {
      throw new SchemaException(place, fault.getMessage());
    }
  }

  /** Whole numbers within bounds. */
  static TextPattern integer(JsonNode schema, String place) {
    if (INTEGER.stream().noneMatch(schema::has)) {
      return JsonTexts.INTEGER;
    }
    long least =
        Math.max(
            bound(schema, "minimum", -DigitRanges.LARGEST, place),
            bound(schema, "exclusiveMinimum", -DigitRanges.LARGEST - 1, place) + 1);
    long most =
        Math.min(
            bound(schema, "maximum", DigitRanges.LARGEST, place),
            bound(schema, "exclusiveMaximum", DigitRanges.LARGEST + 1, place) - 1);
    requireOrder(least, most, place);
    return JsonTexts.integer(least, most);
  }

  /** Numbers within whole bounds. */
  static TextPattern number(JsonNode schema, String place) {
    if (NUMBER.stream().noneMatch(schema::has)) {
      return JsonTexts.NUMBER;
    }
    long least = bound(schema, "minimum", -DigitRanges.LARGEST, place);
    long most = bound(schema, "maximum", DigitRanges.LARGEST, place);
    requireOrder(least, most, place);
    return JsonTexts.number(least, most);
  }

  private static void requireOrder(long least, long most, String place) {
    if (least > most) {
      throw new SchemaException(
          place, "no number is at least %d and at most %d".formatted(least, most));
    }
  }

  private static long bound(JsonNode schema, String keyword, long otherwise, String place) {
    if (!schema.has(keyword)) {
      return otherwise;
    }
    JsonNode bound = schema.get(keyword);
    boolean whole =
        bound.canConvertToExactIntegral()
            && bound.canConvertToLong()
            && Math.abs(bound.doubleValue()) <= DigitRanges.LARGEST;
    if (!whole) {
      throw new SchemaException(
          place + "/" + keyword,
          "expected a whole number from -%1$d to %1$d, found %2$s"
              .formatted(DigitRanges.LARGEST, bound));
    }
    return bound.longValue();
  }
}
