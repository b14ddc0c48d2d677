package dev.preamble.bench;

import dev.preamble.generation.BatchingEngine;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.sampling.Ending;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.model.FrozenModel;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A {@link StreamLoad} put to an engine, with no server about it. */
final class EngineLoad implements AutoCloseable {
  private final StreamLoad load;
  private final FrozenModel model;
  private final Engine engine;

  EngineLoad(Path folder, EngineOptions options, StreamLoad load) {
    this.load = load;
    this.model = FrozenModel.open(folder);
    this.engine = BatchingEngine.open(model, options);
  }

  /** Tokens a second, from the first request to the last token. */
  double tokensPerSecond() throws InterruptedException {
    Run run = new Run();
    long start = System.nanoTime();
    for (int client = 0; client < load.clients(); client++) {
      run.next();
    }
    run.done.await();
    return run.tokens.get() * 1e9 / (System.nanoTime() - start);
  }

  private final class Run {
    private final CountDownLatch done = new CountDownLatch(load.clients());
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicLong tokens = new AtomicLong();

    void next() {
      int number = begun.getAndIncrement();
      if (number >= load.requests()) {
        done.countDown();
        return;
      }
      GenerationRequest request =
          GenerationRequest.of(load.prompt(number))
              .withMaxTokens(load.tokens())
              .withSampling(Sampling.greedy().withEnding(Ending.MODELS.withIgnoreEos(true)));
      engine.submit(request, this::take).result().thenRun(this::next);
    }

    private void take(GeneratedToken token) {
      tokens.incrementAndGet();
    }
  }

  @Override
  public void close() {
    engine.close();
    model.close();
  }
}
