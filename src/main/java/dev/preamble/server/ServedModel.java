package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.server.adapters.AdapterVersion;
import dev.preamble.server.adapters.Resolved;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What clients address as a model: the frozen model itself, or an adapter over it.
 *
 * @param id its name in requests
 * @param digest identity of the frozen model
 * @param resolved the adapter, if it is one
 */
record ServedModel(String id, String digest, Optional<Resolved> resolved) {
  /** The adapter's values, ready to run. */
  Optional<FittedAdapter> adapter() {
    return resolved.map(Resolved::adapter);
  }

  /** What a response says of the model that gave it. */
  Map<String, String> headers() {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("preamble-model-digest", digest);
    resolved.ifPresent(
        adapter -> {
          AdapterVersion version = adapter.version();
          headers.put("preamble-adapter", headerValue(id));
          headers.put("preamble-adapter-digest", version.digest());
          headers.put("preamble-adapter-kind", version.method());
          headers.put("preamble-virtual-tokens", String.valueOf(version.virtualTokens()));
        });
    return headers;
  }

  /** A model as {@code GET /v1/models} lists it. */
  static ObjectNode json(String id, long created, String root, String digest) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", "model")
        .put("created", created)
        .put("owned_by", "preamble")
        .put("root", root)
        .put("digest", digest);
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
