package dev.preamble.server;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Events on their way to one client. Whoever has them never waits, nor makes their bytes: events
 * that the client has not taken wait here, and when more wait than the limit the client is given
 * up.
 */
final class Outbox {
  /** Events that are ready together are written together, up to about so many bytes. */
  private static final int WRITE_BYTES = 16 << 10;

  private final Context context;
  private final WriteStream<Buffer> client;
  private final int limit;
  private final Runnable giveUp;
  private final Queue<Supplier<Buffer>> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicBoolean sending = new AtomicBoolean();
  private final Promise<Void> over = Promise.promise();
  private volatile boolean complete;
  private boolean ended;

  /**
   * @param context where {@code client} lives
   * @param limit events that may wait
   * @param giveUp called on {@code context}, once, when more would wait
   */
  Outbox(Context context, WriteStream<Buffer> client, int limit, Runnable giveUp) {
    this.context = context;
    this.client = client;
    this.limit = limit;
    this.giveUp = giveUp;
    client.drainHandler(drained -> flush());
  }

  /**
   * Takes an event, which goes at the next {@link #send}; from one thread at a time.
   *
   * @param event makes its bytes, on {@code context}
   */
  void add(Supplier<Buffer> event) {
    int waits = size.incrementAndGet();
    if (waits <= limit) {
      waiting.add(event);
    } else if (waits == limit + 1) {
      context.runOnContext(turn -> abandon());
    }
  }

  /** Sends what waits, as far as the client takes it. */
  void send() {
    if (!waiting.isEmpty() && sending.compareAndSet(false, true)) {
      context.runOnContext(
          turn -> {
            sending.set(false);
            flush();
          });
    }
  }

  /** States that nothing follows: the response ends when the client has taken all events. */
  void complete() {
    complete = true;
    context.runOnContext(turn -> flush());
  }

  private void flush() {
    while (!ended && !waiting.isEmpty() && !client.writeQueueFull()) {
      client.write(next());
    }
    if (!ended && complete && waiting.isEmpty()) {
      ended = true;
      client.end().onComplete(over);
    }
  }

  /** What goes in one write; something waits. */
  private Buffer next() {
    Buffer first = take();
    if (waiting.isEmpty()) {
      return first;
    }
    Buffer several = first.copy();
    while (several.length() < WRITE_BYTES && !waiting.isEmpty()) {
      several.appendBuffer(take());
    }
    return several;
  }

  private Buffer take() {
    size.decrementAndGet();
    return waiting.remove().get();
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
