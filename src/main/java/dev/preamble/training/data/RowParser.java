package dev.preamble.training.data;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.preamble.ParserMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;

/** The bytes of a row to its fields. A table's first row names the fields of the others. */
final class RowParser {
  private static final ObjectReader JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .build()
          .readerFor(JsonNode.class);

  private final RowFormat format;
  private final ObjectReader table;
  private List<String> columns = List.of();

  RowParser(RowFormat format) {
    this.format = format;
    this.table =
        new CsvMapper()
            .enable(CsvParser.Feature.WRAP_AS_ARRAY)
            .readerForListOf(String.class)
            .with(CsvSchema.emptySchema().withColumnSeparator(format.separator()));
  }

  /** Whether the next row names the columns. */
  boolean awaitsHeader() {
    return format.isTable() && columns.isEmpty();
  }

  /**
   * Takes {@code bytes} for the row that names the columns.
   *
   * @throws BadRowException if a name is empty or stands twice
   */
  void header(byte[] bytes) {
    List<String> names = cells(text(bytes)).stream().map(String::strip).toList();
    if (names.contains("") || new HashSet<>(names).size() < names.size()) {
      throw new BadRowException(
          "expected the names of the columns, each once, in the first row; found " + names);
    }
    columns = names;
  }

  /**
   * The fields of a row; those of a table are texts.
   *
   * @throws BadRowException if the bytes are none
   */
  ObjectNode parse(byte[] bytes) {
    String text = text(bytes);
    return format.isTable() ? row(cells(text)) : object(text);
  }

  private static ObjectNode object(String text) {
    try {
      JsonNode value = JSON.readTree(text);
      if (value instanceof ObjectNode fields) {
        return fields;
      }
      throw new BadRowException("expected fields in a JSON object, found " + value.getNodeType());
    } catch (JsonEOFException fault) {
      throw new BadRowException(
          "expected JSON, a whole object a line, found one that goes on behind its line", fault);
    } catch (JacksonException fault) {
      throw new BadRowException(
          "expected JSON: " + ParserMessage.brief(fault.getOriginalMessage()), fault);
    }
  }

  private ObjectNode row(List<String> cells) {
    if (cells.size() != columns.size()) {
      throw new BadRowException(
          "expected %d fields, one for each of the columns %s, found %d"
              .formatted(columns.size(), columns, cells.size()));
    }
    ObjectNode fields = JsonNodeFactory.instance.objectNode();
    for (int i = 0; i < cells.size(); i++) {
      fields.put(columns.get(i), cells.get(i));
    }
    return fields;
  }

  private List<String> cells(String text) {
    try {
      List<List<String>> rows = table.<List<String>>readValues(text).readAll();
      return rows.size() == 1 ? rows.getFirst() : List.of();
    } catch (IOException fault) {
      String reason =
          fault instanceof JacksonException json
              ? ParserMessage.brief(json.getOriginalMessage())
              : fault.getMessage();
      throw new BadRowException("no row of a table: " + reason, fault);
    }
  }

  private static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException fault) {
      throw new BadRowException("expected UTF-8 text, found other bytes", fault);
    }
  }
}
