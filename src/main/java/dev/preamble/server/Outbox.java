package dev.preamble.server;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Chunks on their way to one client. Whoever makes them never waits: chunks that the client has not
 * taken wait here, and when more wait than the limit the client is given up.
 */
final class Outbox {
  private final Context context;
  private final WriteStream<Buffer> client;
  private final int limit;
  private final Runnable giveUp;
  private final Queue<Buffer> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final Promise<Void> over = Promise.promise();
  private volatile boolean complete;
  private boolean ended;

  /**
   * @param context where {@code client} lives
   * @param limit chunks that may wait
   * @param giveUp called on {@code context}, once, when more would wait
   */
  Outbox(Context context, WriteStream<Buffer> client, int limit, Runnable giveUp) {
    this.context = context;
    this.client = client;
    this.limit = limit;
    this.giveUp = giveUp;
    client.drainHandler(drained -> flush());
  }

  /** Takes a chunk; from one thread at a time. */
  void add(Buffer chunk) {
    int waits = size.incrementAndGet();
    if (waits <= limit) {
      waiting.add(chunk);
      context.runOnContext(turn -> flush());
    } else if (waits == limit + 1) {
      context.runOnContext(turn -> abandon());
    }
  }

  /** States that nothing follows: the response ends when the client has taken all chunks. */
  void complete() {
    complete = true;
    context.runOnContext(turn -> flush());
  }

  private void flush() {
    while (!ended && !client.writeQueueFull()) {
      Buffer chunk = waiting.poll();
      if (chunk == null) {
        break;
      }
      size.decrementAndGet();
      client.write(chunk);
    }
    if (!ended && complete && waiting.isEmpty()) {
      ended = true;
      client.end().onComplete(over);
    }
  }

  private void abandon() {
    if (!ended) {
      ended = true;
      waiting.clear();
      giveUp.run();
      over.complete();
    }
  }

  /** Done when the client has been sent all, or was given up. */
  Future<Void> over() {
    return over.future();
  }
}
