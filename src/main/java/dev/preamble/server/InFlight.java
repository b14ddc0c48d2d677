package dev.preamble.server;

import io.vertx.core.Future;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The requests that are not answered yet. */
final class InFlight {
  private final Set<Reply> unanswered = ConcurrentHashMap.newKeySet();

  void add(Reply reply) {
    unanswered.add(reply);
    reply.over().onComplete(over -> unanswered.remove(reply));
  }

  /** Done when all requests taken so far are answered, or their clients gone. */
  Future<?> answered() {
    return Future.join(unanswered.stream().map(Reply::over).toList());
  }
}
