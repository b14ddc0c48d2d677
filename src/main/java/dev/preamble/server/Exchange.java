package dev.preamble.server;

import dev.preamble.server.access.Caller;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * One request and its answer, from the first byte to the last; lives on the event loop that took
 * it. The client may give the request an id by {@code x-request-id}; it comes back in the answer.
 */
final class Exchange {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,128}");

  /** How long the rest of a body is read past when its request is answered already. */
  private static final long LINGER_MILLIS = 5_000;

  private final Vertx vertx;
  private final Workers workers;
  private final HttpServerRequest request;
  private final RequestRecord record;
  private final Reply reply;
  private Optional<Caller> caller = Optional.empty();

  Exchange(Vertx vertx, Workers workers, HttpServerRequest request, ServerLog log) {
    this.vertx = vertx;
    this.workers = workers;
    this.request = request;
    this.record =
        new RequestRecord(
            Optional.ofNullable(request.getHeader("x-request-id"))
                .filter(given -> ID.matcher(given).matches())
                .orElseGet(() -> "req-" + UUID.randomUUID()),
            TraceParent.of(request.getHeader("traceparent")),
            request.method().name(),
            String.valueOf(request.path()));
    this.reply = new Reply(request.response(), record, log);
    reply.header("x-request-id", record.id());
    record.trace().ifPresent(trace -> reply.header("traceparent", trace.header()));
    reply.over().onComplete(over -> cutRestOfBody());
  }

  /** A client that still sends when it has its answer is not listened to for ever. */
  private void cutRestOfBody() {
    if (!request.isEnded()) {
      vertx.setTimer(
          LINGER_MILLIS,
          late -> {
            if (!request.isEnded()) {
              request.connection().close();
            }
          });
    }
  }

  /** Lets a body that was held go past. */
  void readPastBody() {
    if (!request.isEnded()) {
      request.resume();
    }
  }

  HttpServerRequest request() {
    return request;
  }

  Reply reply() {
    return reply;
  }

  /** What the log says of the request. */
  RequestRecord record() {
    return record;
  }

  Vertx vertx() {
    return vertx;
  }

  /** Who asks. */
  Caller caller() {
    return caller.orElseThrow();
  }

  void identify(Caller who) {
    caller = Optional.of(who);
    record.caller(who.name());
  }

  /** The body, if it is not longer and does not take longer than {@code limits} allow. */
  Future<Buffer> body(ServerConfig.Limits limits) {
    return BodyReader.read(this, limits);
  }

  /** Does {@code task}, which may wait for files, on a worker thread. */
  <T> Future<T> work(Callable<T> task) {
    return workers.run(task);
  }

  /** Does {@code task} on a worker thread and answers with what {@code send} makes of it. */
  <T> void answer(Callable<T> task, Consumer<T> send) {
    work(task).onSuccess(send::accept).onFailure(reply::fail);
  }
}
