package dev.preamble.server;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Open connections: those on which no request is under way for too long are closed, whether nothing
 * comes or a request's head comes too slowly.
 */
final class Connections {
  private static final class Use {
    private int underWay;
    private long since = System.nanoTime();
  }

  private final Duration idle;
  private final Map<HttpConnection, Use> open = new HashMap<>();

  Connections(Vertx vertx, Duration idle) {
    this.idle = idle;
    vertx.setPeriodic(Math.clamp(idle.toMillis() / 4, 1, 5_000), turn -> closeIdle());
  }

  synchronized void opened(HttpConnection connection) {
    open.put(connection, new Use());
    connection.closeHandler(closed -> forget(connection));
  }

  private synchronized void forget(HttpConnection connection) {
    open.remove(connection);
  }

  /** A request begins on {@code connection}. */
  synchronized void begin(HttpConnection connection) {
    Use use = open.get(connection);
    if (use != null) {
      use.underWay++;
    }
  }

  /** A request on {@code connection} is answered. */
  synchronized void end(HttpConnection connection) {
    Use use = open.get(connection);
    if (use != null) {
      use.underWay--;
      use.since = System.nanoTime();
    }
  }

  private void closeIdle() {
    idle().forEach(HttpConnection::close);
  }

  private synchronized List<HttpConnection> idle() {
    long now = System.nanoTime();
    return open.entrySet().stream()
        .filter(each -> each.getValue().underWay == 0)
        .filter(each -> now - each.getValue().since > idle.toNanos())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** How many are open. */
  synchronized int count() {
    return open.size();
  }
}
