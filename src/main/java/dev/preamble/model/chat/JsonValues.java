package dev.preamble.model.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as values, with its characters counted. */
final class JsonValues {
  private static final int DEEPEST = 200;

  private long characters;

  /** Characters of all text so far. */
  long characters() {
    return characters;
  }

  Value list(List<? extends JsonNode> nodes) {
    return Value.list(nodes.stream().map(node -> value(node, 1)).toList());
  }

  Value value(JsonNode node) {
    return value(node, 0);
  }

  private Value value(JsonNode node, int depth) {
    if (depth > DEEPEST) {
      throw new Fault("the conversation has values in one another deeper than " + DEEPEST);
    }
    characters++;
    return switch (node.getNodeType()) {
      case STRING -> text(node.textValue());
      case BOOLEAN -> Value.of(node.booleanValue());
      case NUMBER ->
          node.isIntegralNumber()
              ? new Value.Int(node.bigIntegerValue())
              : new Value.Real(node.doubleValue());
      case NULL, MISSING -> Value.NONE;
      case ARRAY -> {
        List<Value> items = new ArrayList<>();
        node.forEach(item -> items.add(value(item, depth + 1)));
        yield Value.list(items);
      }
      case OBJECT -> {
        Map<String, Value> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : node.properties()) {
          characters += field.getKey().length();
          entries.put(field.getKey(), value(field.getValue(), depth + 1));
        }
        yield new Value.Mapping(entries);
      }
      default -> throw new Fault("the conversation: expected JSON, found " + node.getNodeType());
    };
  }

  private Value text(String text) {
    characters += text.length();
    return new Value.Text(text);
  }
}
