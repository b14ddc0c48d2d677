package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.AdapterSource;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineStatus;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.TokenListener;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An engine that can be made to stand still behind the next token, so that a request runs for as
 * long as a test wants, on any machine.
 */
final class HeldEngine implements Engine {
  private final Engine engine;
  private final CountDownLatch running = new CountDownLatch(1);
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private volatile CountDownLatch letGo = new CountDownLatch(0);
  private final List<Generation> submitted = new CopyOnWriteArrayList<>();

  HeldEngine(Engine engine) {
    this.engine = engine;
  }

  private final class Held implements TokenListener {
    private final TokenListener listener;

    Held(TokenListener listener) {
      this.listener = listener;
    }

    @Override
    public void onToken(GeneratedToken token) {
      listener.onToken(token);
    }

    @Override
    public void onStepEnd() {
      listener.onStepEnd();
      CountDownLatch held = letGo;
      if (held.getCount() > 0) {
        running.countDown();
        await(held);
      }
    }
  }

  private record Told(Generation generation, CountDownLatch cancelled) implements Generation {
    @Override
    public void cancel() {
      generation.cancel();
      cancelled.countDown();
    }

    @Override
    public CompletableFuture<GenerationResult> result() {
      return generation.result();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(5, TimeUnit.MINUTES), "what is waited for does not happen");
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Lets no request have more than a token from now on. */
  void hold() {
    letGo = new CountDownLatch(1);
  }

  /** Waits until a request has its token; nobody gets another until {@link #letGo}. */
  void awaitRunning() {
    await(running);
  }

  /** Waits until a request has been cancelled. */
  void awaitCancelled() {
    await(cancelled);
  }

  void letGo() {
    letGo.countDown();
  }

  /** What was submitted, in order. */
  List<Generation> submitted() {
    return submitted;
  }

  @Override
  public Generation submit(GenerationRequest request, TokenListener listener) {
    Generation generation = new Told(engine.submit(request, new Held(listener)), cancelled);
    submitted.add(generation);
    return generation;
  }

  @Override
  public Generation submit(
      GenerationRequest request, AdapterSource source, TokenListener listener) {
    return engine.submit(request, source, listener);
  }

  @Override
  public CompletableFuture<Void> pin(FittedAdapter adapter) {
    return engine.pin(adapter);
  }

  @Override
  public void unpin(String digest) {
    engine.unpin(digest);
  }

  @Override
  public EngineStatus status() {
    return engine.status();
  }

  @Override
  public void close() {
    letGo();
    engine.close();
  }
}
