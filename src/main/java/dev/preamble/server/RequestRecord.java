package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What the log says of one request. Never what was asked or answered, unless that is wanted. */
final class RequestRecord {
  private final String id;
  private final Optional<TraceParent> trace;
  private final String method;
  private final String path;
  private final long begun = System.nanoTime();
  private final ObjectNode more = JsonNodeFactory.instance.objectNode();

  RequestRecord(String id, Optional<TraceParent> trace, String method, String path) {
    this.id = id;
    this.trace = trace;
    this.method = method;
    this.path = path;
  }

  String id() {
    return id;
  }

  Optional<TraceParent> trace() {
    return trace;
  }

  /** Time since the request came. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  synchronized void caller(String name) {
    more.put("caller", name);
  }

  synchronized void model(ServedModel model) {
    more.put("model", model.id());
    model.resolved().ifPresent(adapter -> more.put("adapter_digest", adapter.version().digest()));
  }

  synchronized void prompts(List<String> texts) {
    texts.forEach(more.withArray("prompts")::add);
  }

  synchronized void usage(JsonNode usage) {
    more.set("usage", usage);
  }

  synchronized void error(String code) {
    more.put("error", code);
  }

  synchronized ObjectNode json(int status, boolean gone) {
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("event", "request")
            .put("request_id", id)
            .put("method", method)
            .put("path", path)
            .put("status", status)
            .put("milliseconds", age().toNanos() / 1_000 / 1e3);
    if (gone) {
      json.put("client_gone", true);
    }
    trace.ifPresent(
        context -> json.put("trace_id", context.traceId()).put("span_id", context.spanId()));
    json.setAll(more);
    return json;
  }
}
