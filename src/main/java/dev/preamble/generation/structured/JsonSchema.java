package dev.preamble.generation.structured;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.preamble.generation.structured.TextPattern.Either;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A JSON schema (of draft 2020-12) as the texts that satisfy it. What is written has an object's
 * properties in the schema's order and none that it does not name, and values of any kind nested at
 * most {@value #ANY_DEPTH} deep; all of it satisfies the schema. A keyword that is not had here is
 * refused by its name and place, annotations excepted.
 */
final class JsonSchema {
  /** How deep values are nested where the schema leaves them open. */
  static final int ANY_DEPTH = 3;

  private static final int DEEPEST = 64;
  private static final int MOST_PARTS = 20_000;

  private static final Set<String> ANNOTATIONS =
      Set.of(
          "title",
          "description",
          "default",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "definitions");

  private static final Map<String, Set<String>> KEYWORDS_OF_TYPES =
      Map.of(
          "string", ScalarSchema.STRING,
          "integer", ScalarSchema.INTEGER,
          "number", ScalarSchema.NUMBER,
          "boolean", Set.of(),
          "null", Set.of(),
          "array", Set.of("items", "minItems", "maxItems"),
          "object", Set.of("properties", "required", "additionalProperties"));

  private final JsonNode root;
  private final Map<String, TextPattern> references = new HashMap<>();
  private final Set<String> underWay = new HashSet<>();
  private int parts;
  private int depth;

  private JsonSchema(JsonNode root) {
    this.root = root;
  }

  /**
   * The texts that satisfy {@code schema}.
   *
   * @throws SchemaException if it is malformed or uses what is not had here
   */
  static TextPattern texts(JsonNode schema) {
    return new JsonSchema(schema).compile(schema, "#");
  }

  private TextPattern compile(JsonNode schema, String place) {
    if (++depth > DEEPEST) {
      throw new SchemaException(place, "expected at most %d levels".formatted(DEEPEST));
    }
    if (++parts > MOST_PARTS) {
      throw new SchemaException(place, "expected at most %,d parts".formatted(MOST_PARTS));
    }
    TextPattern compiled = schema.isBoolean() ? open(schema, place) : keywords(schema, place);
    depth--;
    return compiled;
  }

  private static TextPattern open(JsonNode schema, String place) {
    if (!schema.booleanValue()) {
      throw new SchemaException(place, "false, which nothing satisfies");
    }
    return JsonTexts.any(ANY_DEPTH);
  }

  private TextPattern keywords(JsonNode schema, String place) {
    if (!schema.isObject()) {
      throw new SchemaException(place, "expected an object or true, found " + schema.getNodeType());
    }
    Set<String> found = new TreeSet<>();
    schema.fieldNames().forEachRemaining(found::add);
    found.removeAll(ANNOTATIONS);
    if (found.contains("$ref")) {
      only(found, Set.of("$ref"), place);
      return reference(schema.get("$ref"), place + "/$ref");
    }
    if (found.contains("anyOf")) {
      only(found, Set.of("anyOf"), place);
      return anyOf(schema.get("anyOf"), place + "/anyOf");
    }
    if (found.contains("allOf")) {
      only(found, Set.of("allOf"), place);
      JsonNode all = schema.get("allOf");
      if (all.size() != 1) {
        throw new SchemaException(place + "/allOf", "expected one schema, found " + all.size());
      }
      return compile(all.get(0), place + "/allOf/0");
    }
    if (found.contains("const") || found.contains("enum")) {
      only(found, Set.of("const", "enum", "type"), place);
      return values(schema, place);
    }
    return types(schema, found, place);
  }

  private TextPattern reference(JsonNode reference, String place) {
    String name = reference.asText();
    if (!name.startsWith("#")) {
      throw new SchemaException(
          place, "expected a place in this schema, such as #/$defs/name, found " + name);
    }
    TextPattern known = references.get(name);
    if (known != null) {
      return known;
    }
    JsonNode target = name.equals("#") ? root : target(name.substring(1));
    if (target.isMissingNode()) {
      throw new SchemaException(place, "nothing stands at " + name);
    }
    if (!underWay.add(name)) {
      throw new SchemaException(
          place, name + " refers to itself; write its levels out, as many as are wanted");
    }
    TextPattern compiled = compile(target, name);
    underWay.remove(name);
    references.put(name, compiled);
    return compiled;
  }

  private JsonNode target(String pointer) {
    try {
      return root.at(pointer);
    } catch (IllegalArgumentException noPointer) {
      return MissingNode.getInstance();
    }
  }

  private TextPattern anyOf(JsonNode options, String place) {
    if (!options.isArray() || options.isEmpty()) {
      throw new SchemaException(place, "expected schemas, found " + options);
    }
    List<TextPattern> compiled = new ArrayList<>();
    for (int i = 0; i < options.size(); i++) {
      compiled.add(compile(options.get(i), place + "/" + i));
    }
    return new Either(compiled);
  }

  /** The values that const, enum and type leave. */
  private static TextPattern values(JsonNode schema, String place) {
    Set<JsonNode> values = new LinkedHashSet<>();
    if (schema.has("enum")) {
      if (!schema.get("enum").isArray()) {
        throw new SchemaException(place + "/enum", "expected a list of values");
      }
      schema.get("enum").forEach(values::add);
    }
    if (schema.has("const")) {
      boolean listed = !schema.has("enum") || values.contains(schema.get("const"));
      values = listed ? Set.of(schema.get("const")) : Set.of();
    }
    List<TextPattern> texts =
        values.stream()
            .filter(value -> !schema.has("type") || isOf(schema.get("type"), value))
            .map(JsonTexts::value)
            .toList();
    if (texts.isEmpty()) {
      throw new SchemaException(place, "no value satisfies const, enum and type together");
    }
    return new Either(texts);
  }

  private static boolean isOf(JsonNode types, JsonNode value) {
    Set<String> names = new HashSet<>();
    (types.isArray() ? types : List.of(types)).forEach(type -> names.add(type.asText()));
    return switch (value.getNodeType()) {
      case NUMBER ->
          names.contains("number")
              || names.contains("integer") && value.canConvertToExactIntegral();
      case POJO, MISSING, BINARY -> false;
      default -> names.contains(value.getNodeType().name().toLowerCase(Locale.ROOT));
    };
  }

  private TextPattern types(JsonNode schema, Set<String> found, String place) {
    List<String> names = new ArrayList<>();
    JsonNode type = schema.path("type");
    (type.isArray() ? type : List.of(type)).forEach(each -> names.add(each.asText()));
    if (type.isMissingNode()) {
      names.clear();
      KEYWORDS_OF_TYPES.forEach(
          (name, keywords) -> {
            if (keywords.stream().anyMatch(found::contains)) {
              names.add(name);
            }
          });
      if (found.isEmpty()) {
        return JsonTexts.any(ANY_DEPTH);
      }
      if (names.size() != 1) {
        only(found, Set.of(), place);
      }
    }
    Set<String> known = new HashSet<>(Set.of("type"));
    for (String name : names) {
      if (!KEYWORDS_OF_TYPES.containsKey(name)) {
        throw new SchemaException(
            place + "/type",
            "expected one of %s, found %s"
                .formatted(new TreeSet<>(KEYWORDS_OF_TYPES.keySet()), name));
      }
      known.addAll(KEYWORDS_OF_TYPES.get(name));
    }
    only(found, known, place);
    return new Either(names.stream().map(name -> ofType(name, schema, place)).toList());
  }

  private TextPattern ofType(String type, JsonNode schema, String place) {
    return switch (type) {
      case "string" -> ScalarSchema.string(schema, place);
      case "integer" -> ScalarSchema.integer(schema, place);
      case "number" -> ScalarSchema.number(schema, place);
      case "boolean" -> JsonTexts.BOOLEAN;
      case "null" -> JsonTexts.NULL;
      case "array" -> array(schema, place);
      default -> object(schema, place);
    };
  }

  private TextPattern array(JsonNode schema, String place) {
    int least = SchemaCount.least(schema, "minItems", place);
    TextPattern items =
        schema.has("items")
            ? compile(schema.get("items"), place + "/items")
            : JsonTexts.any(ANY_DEPTH);
    return JsonTexts.array(items, least, SchemaCount.most(schema, "maxItems", least, place));
  }

  private TextPattern object(JsonNode schema, String place) {
    Set<String> required = new LinkedHashSet<>();
    schema.path("required").forEach(name -> required.add(name.asText()));
    Map<String, JsonTexts.Property> properties = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : schema.path("properties").properties()) {
      String name = entry.getKey();
      TextPattern value = compile(entry.getValue(), place + "/properties/" + name);
      properties.put(name, new JsonTexts.Property(name, value, required.contains(name)));
    }
    JsonNode others = schema.path("additionalProperties");
    boolean free = properties.isEmpty() && required.isEmpty();
    if (free && !(others.isBoolean() && !others.booleanValue())) {
      return JsonTexts.map(
          others.isMissingNode()
              ? JsonTexts.any(ANY_DEPTH - 1)
              : compile(others, place + "/additionalProperties"));
    }
    for (String name : required) {
      if (!properties.containsKey(name)) {
        TextPattern value =
            others.isMissingNode()
                ? JsonTexts.any(ANY_DEPTH - 1)
                : compile(others, place + "/additionalProperties");
        properties.put(name, new JsonTexts.Property(name, value, true));
      }
    }
    return JsonTexts.object(List.copyOf(properties.values()));
  }

  private static String beside(Set<String> found, Set<String> known) {
    Set<String> others = new TreeSet<>(found);
    others.retainAll(known);
    return others.isEmpty() ? "" : " beside " + others;
  }

  private static void only(Set<String> found, Set<String> known, String place) {
    for (String keyword : found) {
      if (!known.contains(keyword)) {
        throw new SchemaException(
            place + "/" + keyword,
            known.isEmpty()
                ? "this keyword is not had here without a type"
                : "this keyword is not had here%s".formatted(beside(found, known)));
      }
    }
  }
}
