package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineStatus;

/** How the server is, for whoever decides to restart it or to send it requests. */
final class Health {
  /** Answered from the moment on that the port is taken. */
  static final String LIVE = "/health/live";

  private Health() {}

  static ObjectNode live() {
    return status("ok");
  }

  /** The server is ready when it answers this at all: before and after it refuses. */
  static ObjectNode ready(Engine engine) {
    EngineStatus now = engine.status();
    return status("ok").put("running", now.running()).put("waiting", now.waiting());
  }

  private static ObjectNode status(String text) {
    return JsonNodeFactory.instance.objectNode().put("status", text);
  }
}
