package dev.preamble.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;

/**
 * Settings as YAML. A value is the text that stands in the file: 007 and 1e-8 are no numbers, which
 * would be written otherwise.
 */
final class SettingsYaml {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private static final YAMLMapper YAML =
      new YAMLMapper(
          YAMLFactory.builder()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
              .build());

  private SettingsYaml() {}

  /**
   * What {@code yaml} says, its scalars as texts.
   *
   * @throws JacksonException if it is no YAML, has a key twice, or more than one document
   */
  static JsonNode read(String yaml) throws IOException {
    try (JsonParser parser = YAML.createParser(yaml)) {
      JsonNode read = parser.nextToken() == null ? NODES.missingNode() : node(parser);
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "expected one document, found another");
      }
      return read;
    }
  }

  private static JsonNode node(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        ObjectNode fields = NODES.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          fields.set(name, node(parser));
        }
        yield fields;
      }
      case START_ARRAY -> {
        ArrayNode elements = NODES.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          elements.add(node(parser));
        }
        yield elements;
      }
      case VALUE_NULL -> NODES.nullNode();
      default -> NODES.textNode(parser.getText());
    };
  }

  /** {@code values} as {@link #read} reads them. */
  static String write(ObjectNode values) {
    try {
      return YAML.writeValueAsString(values);
    } catch (JacksonException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
