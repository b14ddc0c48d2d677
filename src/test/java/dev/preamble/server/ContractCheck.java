package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Holds exchanges to the contract: an answer has a status, a kind and a shape that stand there, and
 * a request that was fulfilled has the shape that stands there. Chunks of a stream are each held to
 * theirs.
 */
final class ContractCheck {
  private final JsonNode contract;
  private final SchemaRegistry registry =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private final Map<JsonNode, Schema> schemas = new ConcurrentHashMap<>();

  ContractCheck() {
    try (InputStream file = Contract.class.getResourceAsStream("openapi.yaml")) {
      contract = new YAMLMapper().readTree(file);
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  JsonNode contract() {
    return contract;
  }

  void check(HttpRequest request, String body, HttpResponse<String> response) {
    Optional<JsonNode> operation = operation(request.method(), request.uri().getRawPath());
    if (operation.isEmpty()) {
      assertTrue(
          List.of(400, 401, 404, 405, 503).contains(response.statusCode()),
          () -> request + " is not in the contract and was answered " + response.statusCode());
      return;
    }
    checkAnswer(operation.get(), request, response);
    if (response.statusCode() < 300) {
      checkRequest(operation.get(), request, body);
    }
  }

  private void checkRequest(JsonNode operation, HttpRequest request, String body) {
    JsonNode content = operation.at("/requestBody/content");
    JsonNode json = content.at("/application~1json/schema");
    boolean isJson =
        content.size() == 1
            || request.headers().firstValue("content-type").orElse("").contains("json");
    if (!json.isMissingNode() && isJson) {
      assertEquals(List.of(), faults(json, body), () -> "fulfilled though not allowed: " + body);
    }
  }

  private void checkAnswer(JsonNode operation, HttpRequest request, HttpResponse<String> response) {
    JsonNode answer = resolved(operation.path("responses").path("" + response.statusCode()));
    assertTrue(
        answer.isObject(),
        () ->
            "%s: status %d is not in the contract: %s"
                .formatted(request, response.statusCode(), response.body()));
    assertTrue(response.headers().firstValue("x-request-id").isPresent(), "each has an id");
    String type = response.headers().firstValue("content-type").orElse("").split(";")[0].strip();
    JsonNode media = answer.path("content").path(type);
    assertTrue(media.isObject(), () -> request + ": not in the contract: content-type " + type);
    if (type.equals("application/json")) {
      assertEquals(List.of(), faults(media.get("schema"), response.body()), response::body);
    } else if (type.equals("text/event-stream")) {
      checkEvents(media.get("schema"), response.body());
    }
  }

  private void checkEvents(JsonNode schema, String events) {
    for (String event : events.split("\n\n")) {
      String data = event.substring("data: ".length());
      if (!data.equals("[DONE]")) {
        assertEquals(List.of(), faults(schema, data), data);
      }
    }
  }

  /** What the contract says of that method and path. */
  private Optional<JsonNode> operation(String method, String path) {
    JsonNode paths = contract.get("paths");
    JsonNode exact = paths.path(path);
    if (exact.isObject()) {
      return Optional.ofNullable(exact.get(method.toLowerCase(Locale.ROOT)));
    }
    for (var entry : paths.properties()) {
      if (path.matches(entry.getKey().replace("{name}", "[^/]+"))) {
        return Optional.ofNullable(entry.getValue().get(method.toLowerCase(Locale.ROOT)));
      }
    }
    return Optional.empty();
  }

  private JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? contract.at(node.get("$ref").asText().substring(1)) : node;
  }

  private List<String> faults(JsonNode schema, String json) {
    List<String> faults = new ArrayList<>();
    for (Error fault :
        schemas.computeIfAbsent(schema, this::compile).validate(json, InputFormat.JSON)) {
      faults.add(fault.toString());
    }
    return faults;
  }

  /** The schema with all that it may refer to beside it. */
  private Schema compile(JsonNode schema) {
    ObjectNode whole = schema.deepCopy();
    whole.set("components", contract.get("components"));
    return registry.getSchema(whole.toString(), InputFormat.JSON);
  }
}
