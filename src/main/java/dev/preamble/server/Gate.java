package dev.preamble.server;

import dev.preamble.server.access.Caller;
import dev.preamble.server.access.CallerLimits;
import dev.preamble.server.access.KeyRing;
import dev.preamble.server.access.KeyWatch;
import dev.preamble.server.access.Role;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;

/**
 * Whom a request comes from, and whether it may pass: a valid key where keys are asked for, not too
 * many requests, a role that covers what is asked.
 */
final class Gate {
  private static final String BEARER = "Bearer ";

  private final KeyWatch keys;
  private final CallerLimits limits;

  Gate(KeyWatch keys, CallerLimits limits) {
    this.keys = keys;
    this.limits = limits;
  }

  /** Lets {@code exchange} pass, or throws what it is answered with. */
  void pass(Exchange exchange, Role wanted) {
    Caller caller = identify(exchange);
    if (!caller.role().covers(wanted)) {
      throw ApiError.forbidden(
          "this key has the role %s; %s is needed here"
              .formatted(caller.role().text(), wanted.text()));
    }
    Optional<CallerLimits.Refusal> refusal = limits.begin(caller);
    refusal.ifPresent(
        refused -> {
          throw ApiError.tooMany(refused.reason(), refused.retryAfter());
        });
    exchange.reply().over().onComplete(over -> limits.end(caller));
  }

  /** Finds out who asks, or throws what he is answered with who has no valid key. */
  Caller identify(Exchange exchange) {
    Caller caller = caller(exchange.request());
    exchange.identify(caller);
    return caller;
  }

  private Caller caller(HttpServerRequest request) {
    KeyRing ring = keys.keys();
    if (!ring.required()) {
      return Caller.unnamed(request.remoteAddress().hostAddress());
    }
    String header = request.getHeader("authorization");
    if (header == null || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      throw ApiError.unauthorized(
          "this server asks for a key: Authorization: Bearer KEY; ask whoever runs it for one");
    }
    return ring.holder(header.substring(BEARER.length()).strip())
        .orElseThrow(() -> ApiError.unauthorized("the key is not valid"));
  }
}
