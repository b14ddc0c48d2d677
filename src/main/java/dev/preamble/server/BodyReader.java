package dev.preamble.server;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;

/**
 * Reads a request's body up to a limit. Of a longer one nothing is kept: it is refused at once and
 * the rest read past, so that the client gets to see the answer; one that takes too long is refused
 * as well.
 */
final class BodyReader {
  private final Buffer body = Buffer.buffer();
  private final Promise<Buffer> done = Promise.promise();
  private final int limit;

  private BodyReader(int limit) {
    this.limit = limit;
  }

  /** The body; fails with an {@link ApiError} when it is too long, or too long in coming. */
  static Future<Buffer> read(Exchange exchange, ServerConfig.Limits limits) {
    HttpServerRequest request = exchange.request();
    BodyReader reader = new BodyReader(limits.bodyBytes());
    long timer =
        exchange
            .vertx()
            .setTimer(
                limits.bodyTime().toMillis(),
                late -> reader.done.tryFail(ApiError.slowBody(limits.bodyTime())));
    request.handler(reader::take);
    request.exceptionHandler(fault -> reader.done.tryFail(ApiError.badBody("the body broke off")));
    request.endHandler(end -> reader.done.tryComplete(reader.body));
    return reader.done.future().onComplete(read -> exchange.vertx().cancelTimer(timer));
  }

  private void take(Buffer part) {
    if (done.future().isComplete()) {
      return;
    }
    if (part.length() > limit - body.length()) {
      done.tryFail(ApiError.tooLarge(limit));
    } else {
      body.appendBuffer(part);
    }
  }
}
