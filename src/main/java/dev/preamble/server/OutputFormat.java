package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.sampling.Constraint;
import dev.preamble.generation.structured.Constraints;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What an answer must be, where it must be something: OpenAI's {@code response_format} with the
 * types {@code json_object} and {@code json_schema}, and {@code choice} and {@code regex} beside
 * them; or vLLM's {@code structured_outputs}.
 */
sealed interface OutputFormat {
  /** One of several texts. */
  record Choice(List<String> texts) implements OutputFormat {}

  /** A text that matches a regular expression. */
  record Regex(String expression) implements OutputFormat {}

  /** JSON that satisfies a schema. */
  record Schema(JsonNode schema) implements OutputFormat {}

  /** A JSON object. */
  record AnyObject() implements OutputFormat {}

  Set<String> NAMES = Set.of("response_format", "structured_outputs");

  static Optional<OutputFormat> read(RequestBody body) {
    Optional<OutputFormat> format = body.object("response_format").flatMap(OutputFormat::ofType);
    Optional<OutputFormat> vllm = body.object("structured_outputs").map(OutputFormat::ofKey);
    if (format.isPresent() && vllm.isPresent()) {
      throw body.bad("structured_outputs", "goes without response_format only");
    }
    return format.or(() -> vllm);
  }

  private static Optional<OutputFormat> ofType(RequestBody format) {
    format.only(Set.of("type", "json_schema", "choice", "regex"));
    String type = format.text("type").orElseThrow(() -> format.missing("type"));
    return switch (type) {
      case "text" -> Optional.empty();
      case "json_object" -> Optional.of(new AnyObject());
      case "json_schema" -> Optional.of(named(format));
      case "choice" -> Optional.of(choice(format));
      case "regex" -> Optional.of(regex(format));
      default ->
          throw format.bad(
              "type",
              "expected text, json_object, json_schema, choice or regex, found '%s'"
                  .formatted(type));
    };
  }

  private static OutputFormat named(RequestBody format) {
    RequestBody named =
        format.object("json_schema").orElseThrow(() -> format.missing("json_schema"));
    named.only(Set.of("name", "description", "schema", "strict"));
    return new Schema(
        named.require("schema", named.required("schema"), JsonNode::isObject, "a schema"));
  }

  private static OutputFormat ofKey(RequestBody output) {
    output.only(Set.of("choice", "regex", "json"));
    if (output.find("choice").isPresent()) {
      return choice(output);
    }
    return output.find("regex").isPresent()
        ? regex(output)
        : new Schema(
            output.require("json", output.required("json"), JsonNode::isObject, "a schema"));
  }

  private static OutputFormat choice(RequestBody body) {
    JsonNode list = body.require("choice", body.required("choice"), JsonNode::isArray, "texts");
    List<String> texts = new ArrayList<>();
    for (JsonNode text : list) {
      texts.add(body.require("choice", text, JsonNode::isTextual, "texts").textValue());
    }
    return new Choice(List.copyOf(texts));
  }

  private static OutputFormat regex(RequestBody body) {
    return new Regex(body.text("regex").orElseThrow(() -> body.missing("regex")));
  }

  /** What holds tokens to it; takes time and belongs on a worker thread. */
  default Constraint compile(Constraints constraints) {
    return switch (this) {
      case Choice choice -> constraints.choice(choice.texts());
      case Regex regex -> constraints.regex(regex.expression());
      case Schema schema -> constraints.jsonSchema(schema.schema());
      case AnyObject any -> constraints.jsonObject();
    };
  }
}
