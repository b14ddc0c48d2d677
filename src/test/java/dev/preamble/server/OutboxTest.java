package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A slow client costs a bounded queue and nobody's time. */
class OutboxTest {
  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  private final SlowClient client = new SlowClient();
  private final AtomicInteger givenUp = new AtomicInteger();
  private final Outbox outbox = new Outbox(context, client, 10, givenUp::incrementAndGet);

  @AfterEach
  void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void whatAClientDoesNotTakeWaitsAndComesInOrder() {
    client.full = true;
    for (int i = 0; i < 10; i++) {
      add("" + i);
    }
    outbox.complete();
    settle();
    assertTrue(client.taken.isEmpty());
    assertFalse(client.ended);
    client.full = false;
    context.runOnContext(turn -> client.drained.handle(null));
    settle();
    assertEquals("0123456789", String.join("", client.taken));
    assertTrue(client.ended);
    assertEquals(0, givenUp.get());
  }

  @Test
  void aClientThatLetsTooMuchWaitIsGivenUpOnce() {
    client.full = true;
    for (int i = 0; i < 30; i++) {
      add("" + i);
    }
    outbox.complete();
    settle();
    assertEquals(1, givenUp.get());
    client.full = false;
    context.runOnContext(turn -> client.drained.handle(null));
    settle();
    assertTrue(client.taken.isEmpty());
    assertFalse(client.ended);
  }

  @Test
  void aClientThatKeepsUpMayTakeAnyNumber() {
    for (int i = 0; i < 100; i++) {
      add("x");
      settle();
    }
    assertEquals(100, client.taken.size());
    assertEquals(0, givenUp.get());
  }

  @Test
  void whatComesTogetherIsWrittenOnceAndGoesAtTheStepsEnd() {
    outbox.add(() -> Buffer.buffer("one "));
    outbox.add(() -> Buffer.buffer("two "));
    settle();
    assertTrue(client.taken.isEmpty());
    outbox.send();
    outbox.send();
    settle();
    assertEquals(List.of("one two "), client.taken);
  }

  @Test
  void oneWriteIsNotWithoutEnd() {
    String kilobyte = "k".repeat(1 << 10);
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < 10; i++) {
        outbox.add(() -> Buffer.buffer(kilobyte.repeat(8)));
      }
      outbox.send();
      settle();
    }
    assertEquals(20, client.taken.size());
    client.taken.forEach(write -> assertEquals(16 << 10, write.length()));
  }

  @Test
  void bytesAreMadeOnTheEventLoop() {
    AtomicReference<Thread> maker = new AtomicReference<>();
    outbox.add(
        () -> {
          maker.set(Thread.currentThread());
          return Buffer.buffer("x");
        });
    outbox.complete();
    settle();
    assertTrue(maker.get().getName().startsWith("vert.x-eventloop"), maker::toString);
    assertTrue(client.ended);
  }

  private void add(String event) {
    outbox.add(() -> Buffer.buffer(event));
    outbox.send();
  }

  /** Waits until the event loop has done what it was given. */
  private void settle() {
    Promise<Void> done = Promise.promise();
    context.runOnContext(turn -> done.complete());
    done.future().toCompletionStage().toCompletableFuture().join();
  }

  /** A client whose connection takes nothing while it is full. */
  private static final class SlowClient implements WriteStream<Buffer> {
    private final List<String> taken = new ArrayList<>();
    private volatile boolean full;
    private boolean ended;
    private Handler<Void> drained = nothing -> {};

    @Override
    public Future<Void> write(Buffer chunk) {
      taken.add(chunk.toString());
      return Future.succeededFuture();
    }

    @Override
    public Future<Void> end() {
      ended = true;
      return Future.succeededFuture();
    }

    @Override
    public boolean writeQueueFull() {
      return full;
    }

    @Override
    public WriteStream<Buffer> drainHandler(Handler<Void> handler) {
      drained = handler;
      return this;
    }

    @Override
    public WriteStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
      return this;
    }

    @Override
    public WriteStream<Buffer> setWriteQueueMaxSize(int size) {
      return this;
    }
  }
}
