package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Which path is answered by what.
 *
 * @param completions answers {@code POST /v1/completions}
 * @param models the list of models
 * @param health how the server is
 */
record Routes(
    Consumer<HttpServerRequest> completions,
    Supplier<? extends JsonNode> models,
    Supplier<? extends JsonNode> health) {

  Handler<HttpServerRequest> handler(Vertx vertx) {
    Router router = Router.router(vertx);
    router.post("/v1/completions").handler(turn -> completions.accept(turn.request()));
    router.get("/v1/models").handler(turn -> reply(turn).json(200, models.get()));
    router.get("/health").handler(turn -> reply(turn).json(200, health.get()));
    for (int status : new int[] {404, 405}) {
      router.errorHandler(status, turn -> reply(turn).fail(noRoute(status, turn)));
    }
    router.errorHandler(500, turn -> reply(turn).fail(turn.failure()));
    return router;
  }

  private static Reply reply(RoutingContext turn) {
    return new Reply(turn.response());
  }

  private static ApiError noRoute(int status, RoutingContext turn) {
    return ApiError.noRoute(status, turn.request().method().name(), turn.request().path());
  }
}
