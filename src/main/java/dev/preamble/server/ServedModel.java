package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FittedAdapter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What clients address as a model: the frozen model itself, or an adapter over it.
 *
 * @param id its name in requests
 * @param digest identity of its content
 * @param created when its files were last changed
 * @param root where its files are
 * @param parent the frozen model's id, for an adapter
 * @param adapter the adapter
 */
record ServedModel(
    String id,
    String digest,
    Instant created,
    String root,
    Optional<String> parent,
    Optional<FittedAdapter> adapter) {

  ObjectNode json() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", "model")
        .put("created", created.getEpochSecond())
        .put("owned_by", "preamble")
        .put("root", root)
        .put("parent", parent.orElse(null))
        .put("digest", digest)
        .put("virtual_tokens", adapter.map(FittedAdapter::virtualTokens).orElse(0));
  }

  /** What a response says of the model that gave it. */
  Map<String, String> headers() {
    Map<String, String> headers = new LinkedHashMap<>();
    if (adapter.isPresent()) {
      headers.put("preamble-adapter", headerValue(id));
      headers.put("preamble-adapter-digest", digest);
      headers.put("preamble-virtual-tokens", String.valueOf(adapter.orElseThrow().virtualTokens()));
    } else {
      headers.put("preamble-model-digest", digest);
    }
    return headers;
  }

  /** Percent-encodes what a header cannot hold. */
  private static String headerValue(String text) {
    StringBuilder value = new StringBuilder();
    for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
      if (unit > ' ' && unit < 127 && unit != '%') {
        value.append((char) unit);
      } else {
        value.append("%%%02X".formatted(unit));
      }
    }
    return value.toString();
  }
}
