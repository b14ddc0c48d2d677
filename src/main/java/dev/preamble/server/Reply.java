package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.logging.Level;
import java.util.logging.Logger;

/** One response, answered once; lives on the event loop that made it. */
final class Reply {
  private static final Logger LOG = Logger.getLogger(Reply.class.getName());

  private final HttpServerResponse response;
  private final Context context = Vertx.currentContext();
  private final Promise<Void> over = Promise.promise();
  private boolean gone;

  Reply(HttpServerResponse response) {
    this.response = response;
    response.exceptionHandler(fault -> LOG.log(Level.FINE, "a client is gone", fault));
    onGone(() -> {});
  }

  /** Done when the client has been sent all, or is gone. */
  Future<Void> over() {
    return over.future();
  }

  /** The event loop that the response lives on. */
  Context context() {
    return context;
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
    if (!gone && !response.ended()) {
      response
          .setStatusCode(status)
          .putHeader("content-type", "application/json")
          .end(body.toString())
          .onComplete(sent -> over.tryComplete());
    }
  }

  /** Answers with what {@code fault} means to a client. */
  void fail(Throwable fault) {
    ApiError error = error(fault);
    if (error.status() == 503) {
      response.putHeader("retry-after", "1");
    }
    json(error.status(), error.json());
  }

  /** What {@code fault} means to a client; what a client cannot mend is logged. */
  static ApiError error(Throwable fault) {
    ApiError error = ApiError.of(fault);
    if (error.status() == 500) {
      LOG.log(Level.SEVERE, "a request failed", fault);
    }
    return error;
  }

  /** What a client is told whose generation was cancelled while it was still there. */
  static ApiError cancelled() {
    return ApiError.unavailable("shutting_down", "the server is shutting down");
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
