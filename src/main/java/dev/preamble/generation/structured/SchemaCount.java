package dev.preamble.generation.structured;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.structured.TextPattern.Repeat;

/** How many characters or items a schema demands and allows. */
final class SchemaCount {
  private static final int LARGEST_COUNT = 100_000;

  private SchemaCount() {}

  /** At least how many of something a schema demands. */
  static int least(JsonNode schema, String keyword, String place) {
    return count(schema, keyword, 0, place);
  }

  /** At most how many of something a schema allows; none says as many as one likes. */
  static int most(JsonNode schema, String keyword, int least, String place) {
    int most = count(schema, keyword, Repeat.UNBOUNDED, place);
    if (most != Repeat.UNBOUNDED && most < least) {
      throw new SchemaException(
          place + "/" + keyword, "expected at least %d, found %d".formatted(least, most));
    }
    return most;
  }

  private static int count(JsonNode schema, String keyword, int otherwise, String place) {
    if (!schema.has(keyword)) {
      return otherwise;
    }
    JsonNode count = schema.get(keyword);
    if (!count.canConvertToExactIntegral()
        || !count.canConvertToInt()
        || count.intValue() < 0
        || count.intValue() > LARGEST_COUNT) {
      throw new SchemaException(
          place + "/" + keyword,
          "expected a whole number from 0 to %,d, found %s".formatted(LARGEST_COUNT, count));
    }
    return count.intValue();
  }
}
