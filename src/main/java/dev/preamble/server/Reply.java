package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.nio.file.Path;

/** One response, answered once; lives on the event loop that made it. */
final class Reply {
  private final HttpServerResponse response;
  private final RequestRecord record;
  private final ServerLog log;
  private final Context context = Vertx.currentContext();
  private final Promise<Void> over = Promise.promise();
  private boolean gone;

  /**
   * @param record what the log says of the request
   * @param log where that goes, and what no client can mend
   */
  Reply(HttpServerResponse response, RequestRecord record, ServerLog log) {
    this.response = response;
    this.record = record;
    this.log = log;
    // That a client is gone is seen by the close handler; what its connection died of is no news.
    response.exceptionHandler(fault -> {});
    onGone(() -> {});
    over.future().onComplete(done -> log.request(record, response.getStatusCode(), gone));
  }

  /** Done when the client has been sent all, or is gone. */
  Future<Void> over() {
    return over.future();
  }

  /** The event loop that the response lives on. */
  Context context() {
    return context;
  }

  /** The status that is sent, or will be. */
  int status() {
    return response.getStatusCode();
  }

  void header(String name, String value) {
    response.putHeader(name, value);
  }

  /** Runs {@code action} when the client goes before it has the whole answer. */
  void onGone(Runnable action) {
    if (gone) {
      action.run();
    }
    response.closeHandler(
        closed -> {
          gone = true;
          over.tryComplete();
          action.run();
        });
  }

  void json(int status, JsonNode body) {
    send(status, "application/json", Buffer.buffer(body.toString()));
  }

  void text(int status, String contentType, String body) {
    send(status, contentType, Buffer.buffer(body));
  }

  /** Answers without a body. */
  void empty(int status) {
    if (!gone && !response.ended()) {
      response.setStatusCode(status).end().onComplete(sent -> over.tryComplete());
    }
  }

  private void send(int status, String contentType, Buffer body) {
    if (!gone && !response.ended()) {
      response
          .setStatusCode(status)
          .putHeader("content-type", contentType)
          .end(body)
          .onComplete(sent -> over.tryComplete());
    }
  }

  /** Answers with the content of {@code file}; done when all is sent. */
  Future<Void> file(String contentType, Path file) {
    if (gone || response.ended()) {
      return Future.succeededFuture();
    }
    return response
        .putHeader("content-type", contentType)
        .sendFile(file.toString())
        .onComplete(sent -> over.tryComplete());
  }

  /** Answers with what {@code fault} means to a client. */
  void fail(Throwable fault) {
    ApiError error = explain(fault);
    error
        .retryAfter()
        .ifPresent(
            time ->
                response.putHeader(
                    "retry-after", String.valueOf(Math.max(1, time.plusMillis(999).toSeconds()))));
    if (error.status() == 401) {
      response.putHeader("www-authenticate", "Bearer");
    }
    json(error.status(), error.json());
  }

  /** What {@code fault} means to a client; what a client cannot mend is logged. */
  ApiError explain(Throwable fault) {
    ApiError error = ApiError.of(fault);
    record.error(error.code());
    if (error.status() == 500) {
      log.fault(record.id(), fault);
    }
    return error;
  }

  /** What a client is told whose generation was cancelled while it was still there. */
  ApiError cancelled() {
    return explain(ApiError.unavailable("shutting_down", "the server is shutting down"));
  }

  /** Begins a stream of events; {@code giveUp} runs when the client does not take them. */
  Outbox stream(int limit, Runnable giveUp) {
    response
        .setChunked(true)
        .putHeader("content-type", "text/event-stream; charset=utf-8")
        .putHeader("cache-control", "no-cache")
        .putHeader("x-accel-buffering", "no");
    Outbox outbox =
        new Outbox(
            context,
            response,
            limit,
            () -> {
              giveUp.run();
              response.reset();
            });
    outbox.over().onComplete(sent -> over.tryComplete());
    return outbox;
  }

  /** One event. */
  static Buffer event(String data) {
    return Buffer.buffer("data: " + data + "\n\n");
  }
}
