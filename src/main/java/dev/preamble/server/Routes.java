package dev.preamble.server;

import dev.preamble.server.access.Role;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which path is answered by what, and who may ask for it. */
final class Routes {
  private static final String EXCHANGE = "exchange";

  /** Answers a request. */
  @FunctionalInterface
  interface Endpoint {
    void answer(Exchange exchange);
  }

  /** Answers a request whose path names something. */
  @FunctionalInterface
  interface NamedEndpoint {
    void answer(Exchange exchange, String name);
  }

  private record Route(
      HttpMethod method, String path, Optional<Role> role, NamedEndpoint endpoint) {}

  private final List<Route> routes = new ArrayList<>();
  private final Gate gate;
  private final InFlight inFlight;
  private final Workers workers;
  private final ServerLog log;
  private final ServerMetrics metrics;

  Routes(Gate gate, InFlight inFlight, Workers workers, ServerLog log, ServerMetrics metrics) {
    this.gate = gate;
    this.inFlight = inFlight;
    this.workers = workers;
    this.log = log;
    this.metrics = metrics;
  }

  /** Lets everybody ask. */
  Routes open(String path, Endpoint endpoint) {
    routes.add(
        new Route(
            HttpMethod.GET, path, Optional.empty(), (exchange, name) -> endpoint.answer(exchange)));
    return this;
  }

  /** Lets those ask whose role covers {@code role}. */
  Routes add(HttpMethod method, String path, Role role, Endpoint endpoint) {
    return addNamed(method, path, role, (exchange, name) -> endpoint.answer(exchange));
  }

  /** As {@link #add}, for paths with a {@code :name}. */
  Routes addNamed(HttpMethod method, String path, Role role, NamedEndpoint endpoint) {
    routes.add(new Route(method, path, Optional.of(role), endpoint));
    return this;
  }

  Handler<HttpServerRequest> handler(Vertx vertx) {
    Router router = Router.router(vertx);
    router
        .route()
        .handler(
            turn -> {
              begin(turn);
              turn.next();
            });
    for (Route route : routes) {
      router.route(route.method(), route.path()).handler(turn -> answer(route, turn));
    }
    router.errorHandler(404, turn -> unanswered(404, turn));
    router.errorHandler(405, turn -> unanswered(405, turn));
    router.errorHandler(400, turn -> exchange(turn).reply().fail(ApiError.badPath()));
    router.errorHandler(500, turn -> exchange(turn).reply().fail(turn.failure()));
    return router;
  }

  private Exchange begin(RoutingContext turn) {
    Exchange exchange = new Exchange(turn.vertx(), workers, turn.request(), log);
    inFlight.add(exchange.reply());
    turn.put(EXCHANGE, exchange);
    return exchange;
  }

  /** What a request began; one without a path that begins with / comes here before any route. */
  private Exchange exchange(RoutingContext turn) {
    return Optional.<Exchange>ofNullable(turn.get(EXCHANGE)).orElseGet(() -> begin(turn));
  }

  private void answer(Route route, RoutingContext turn) {
    Exchange exchange = exchange(turn);
    measure(exchange, route.path());
    try {
      route.role().ifPresent(role -> gate.pass(exchange, role));
      route.endpoint().answer(exchange, turn.pathParam("name"));
    } catch (RuntimeException refused) {
      exchange.reply().fail(refused);
    }
  }

  private void measure(Exchange exchange, String route) {
    exchange
        .reply()
        .over()
        .onComplete(
            over -> metrics.request(route, exchange.reply().status(), exchange.record().age()));
  }

  /** What the paths are is told to those only who may ask anything. */
  private void unanswered(int status, RoutingContext turn) {
    Exchange exchange = exchange(turn);
    measure(exchange, "(none)");
    String path = Optional.ofNullable(turn.request().path()).orElse(turn.request().uri());
    try {
      gate.identify(exchange);
      exchange.reply().fail(ApiError.noRoute(status, turn.request().method().name(), path));
    } catch (RuntimeException refused) {
      exchange.reply().fail(refused);
    }
  }
}
