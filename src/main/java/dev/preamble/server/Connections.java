package dev.preamble.server;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.HashMap;
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

  private synchronized void closeIdle() {
    long now = System.nanoTime();
    open.forEach(
        (connection, use) -> {
          if (use.underWay == 0 && now - use.since > idle.toNanos()) {
            connection.close();
          }
        });
  }

  /** How many are open. */
  synchronized int count() {
    return open.size();
  }
}
