package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.server.adapters.AdapterState;
import dev.preamble.server.adapters.AdapterVersion;
import java.util.List;

/** Adapters as {@code /v1/adapters} shows them. */
final class AdapterJson {
  private AdapterJson() {}

  static ObjectNode list(List<AdapterState> adapters) {
    ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = list.putArray("data");
    adapters.forEach(adapter -> data.add(of(adapter)));
    return list;
  }

  static ObjectNode of(AdapterState adapter) {
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("object", "adapter")
            .put("name", adapter.name())
            .put("status", adapter.version().isPresent() ? "ready" : "failed")
            .put("error", adapter.fault().orElse(null))
            .put("root", adapter.folder().toString())
            .put("registered", adapter.registered())
            .put("resident", adapter.resident())
            .put("pinned", adapter.pinned());
    adapter.version().ifPresent(version -> json.setAll(of(version)));
    return json;
  }

  private static ObjectNode of(AdapterVersion version) {
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("digest", version.digest())
            .put("method", version.method())
            .put("virtual_tokens", version.virtualTokens())
            .put("tasks", version.tasks())
            .put("bytes", version.bytes())
            .put("created", version.loaded().getEpochSecond());
    version.ids().forEach(json.putArray("models")::add);
    version.warnings().forEach(json.putArray("warnings")::add);
    return json;
  }

  static ObjectNode deleted(String name) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("object", "adapter")
        .put("name", name)
        .put("deleted", true);
  }
}
