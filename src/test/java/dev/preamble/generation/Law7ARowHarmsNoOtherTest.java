package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import dev.preamble.peft.AdapterEntry;
import dev.preamble.runtime.OpenHandles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Law 7: a row that fails, waits, is cancelled or floods the engine never harms another. */
class Law7ARowHarmsNoOtherTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(1).withRows(4).withQueue(100);

  private final int handles = OpenHandles.count();
  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final Engine engine = BatchingEngine.open(model, OPTIONS);
  private final List<Integer> alone = ids(engine.submit(story(40)));
  private final CountDownLatch goOn = new CountDownLatch(1);

  @AfterEach
  void close() {
    goOn.countDown();
    assertEquals(alone, ids(engine.submit(story(40))), "the engine goes on as before");
    EngineInvariants.check(engine, OPTIONS);
    engine.close();
    model.close();
    assertEquals(handles, OpenHandles.count(), "native objects left");
  }

  @Test
  void aListenerThatThrowsEndsItsRowInTheMiddleOfABatch() {
    Generation before = engine.submit(story(40));
    AtomicInteger seen = new AtomicInteger();
    Generation failing = engine.submit(story(40), token -> throwAt(seen.incrementAndGet(), 7));
    Generation after = engine.submit(story(40));
    assertThrows(IllegalStateException.class, failing::await);
    assertEquals(7, seen.get());
    assertEquals(alone, ids(before));
    assertEquals(alone, ids(after));
  }

  private static void throwAt(int count, int wanted) {
    if (count == wanted) {
      throw new IllegalStateException("a listener's own fault");
    }
  }

  @Test
  void anAdapterWhoseValuesOverflowFailsItsRowsOnly() {
    Manifest.KeyValue shape = model.manifest().keyValue().getFirst();
    int layers = model.manifest().layers();
    float[] values = new float[30 * layers * 2 * shape.heads() * shape.headSize()];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % 3 == 0 ? Float.MAX_VALUE : -Float.MAX_VALUE;
    }
    FittedAdapter broken =
        new FittedAdapter(
            "broken",
            "digest of broken",
            model.digest(),
            new AdapterEntry.KeyValuePrefix(layers, shape.heads(), shape.headSize(), 30, values));
    Generation before = engine.submit(story(40));
    Generation failing = engine.submit(story(40).withAdapter(broken));
    Generation after = engine.submit(story(40));
    PreambleException fault = assertThrows(PreambleException.class, failing::await);
    assertTrue(fault.getMessage().contains("overflow"), fault.getMessage());
    assertEquals(alone, ids(before));
    assertEquals(alone, ids(after));
    assertEquals(alone, ids(engine.submit(story(40))), "in the slot that held the broken row");
  }

  @Test
  void aCancelledRowLeavesTheOthersGoingOn() throws Exception {
    CountDownLatch running = new CountDownLatch(3);
    Generation cancelled =
        engine.submit(
            story(400),
            token -> {
              running.countDown();
              if (running.getCount() == 0) {
                await(goOn);
              }
            });
    List<Generation> others = List.of(engine.submit(story(40)), engine.submit(story(40)));
    running.await();
    cancelled.cancel();
    goOn.countDown();
    assertEquals(FinishReason.CANCELLED, cancelled.await().finishReason());
    others.forEach(each -> assertEquals(alone, ids(each)));
    assertEquals(alone.subList(0, 3), ids(cancelled).subList(0, 3));
  }

  @Test
  void memoryThatIsLackingForTheCacheEndsTheRowsThatNeedItAndNotTheEngine() {
    AtomicInteger lacking = new AtomicInteger();
    Batch.Resizing scarce =
        (cache, slots, capacity) -> {
          if (lacking.getAndDecrement() > 0) {
            cache.close();
            throw new IllegalStateException("no memory, as the test will have it");
          }
          return cache.resized(slots, capacity);
        };
    try (BatchingEngine small = BatchingEngine.open(model, OPTIONS, scarce)) {
      assertEquals(alone, ids(small.submit(story(40))));
      CountDownLatch running = new CountDownLatch(1);
      Generation underWay =
          small.submit(
              story(40),
              token -> {
                running.countDown();
                await(goOn);
              });
      await(running);
      lacking.set(2);
      Generation first = small.submit(story(400));
      Generation second = small.submit(story(400));
      goOn.countDown();
      for (Generation lost : List.of(underWay, first, second)) {
        assertThrows(IllegalStateException.class, lost::await);
      }
      assertEquals(alone, ids(small.submit(story(40))));
      assertEquals(alone, ids(small.submit(story(400))).subList(0, 40));
      EngineInvariants.check(small, OPTIONS);
    }
  }

  @Test
  void aRowEndsAtItsDeadlineWithWhatItHas() {
    CountDownLatch first = new CountDownLatch(1);
    Generation late =
        engine.submit(
            story(400).withDeadline(Optional.of(Duration.ofMillis(200))),
            token -> sleepOnce(first));
    Generation other = engine.submit(story(40));
    GenerationResult result = late.await();
    assertEquals(FinishReason.TIMEOUT, result.finishReason());
    assertTrue(result.tokens().size() < 400);
    assertEquals(alone, ids(other));
  }

  /** Makes the clock pass the deadline after the first token, however fast the machine is. */
  private static void sleepOnce(CountDownLatch first) {
    if (first.getCount() > 0) {
      first.countDown();
      long end = System.nanoTime() + 250_000_000;
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void aRowThatWaitsEndsAtItsDeadlineToo() {
    List<Generation> running = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      running.add(engine.submit(story(400), token -> await(goOn)));
    }
    Generation late =
        engine.submit(story(5).withDeadline(Optional.of(Duration.ofNanos(1))), token -> {});
    CompletableFuture<Boolean> others =
        late.result().thenApply(result -> running.getLast().result().isDone());
    goOn.countDown();
    GenerationResult result = late.await();
    assertEquals(FinishReason.TIMEOUT, result.finishReason());
    assertEquals(0, result.tokens().size());
    assertFalse(others.join(), "those that run went on meanwhile");
  }

  @Test
  void anAdapterThatLoadsSlowlyOrNotAtAllHoldsUpNobody() {
    AtomicInteger loads = new AtomicInteger();
    AdapterSource slow = source("slow", () -> loadSlowly(loads));
    AdapterSource bad =
        source(
            "bad",
            () -> {
              throw new PreambleException("bad: no adapter");
            });
    List<Generation> waiting =
        List.of(
            engine.submit(story(10), slow, token -> {}),
            engine.submit(story(10), slow, token -> {}));
    Generation failing = engine.submit(story(10), bad, token -> {});
    assertEquals(alone, ids(engine.submit(story(40))), "while the slow one loads");
    assertThrows(PreambleException.class, failing::await);
    waiting.forEach(each -> assertFalse(each.result().isDone()));
    assertEquals(2, engine.status().waiting());
    goOn.countDown();
    assertEquals(ids(waiting.get(0)), ids(waiting.get(1)));
    assertEquals(1, loads.get(), "loaded once for both");
  }

  private FittedAdapter loadSlowly(AtomicInteger loads) {
    loads.incrementAndGet();
    await(goOn);
    return Stories.fitted(model, 5, 5);
  }

  @Test
  void anAdapterThatDoesNotFitTheRequestIsRefusedWhenItIsLoaded() {
    AdapterSource large = source("large", () -> Stories.fitted(model, 500, 1));
    Generation refused = engine.submit(story(40), large, token -> {});
    assertEquals("max_tokens", assertThrows(RequestException.class, refused::await).field());
  }

  @Test
  void aFloodUnderOneAdapterLetsOthersThrough() {
    FittedAdapter flooding = Stories.fitted(model, 4, 1);
    List<Generation> flood = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      flood.add(engine.submit(story(40).withAdapter(flooding), token -> await(goOn)));
    }
    Generation other = engine.submit(story(40));
    CompletableFuture<Long> before =
        other
            .result()
            .thenApply(result -> flood.stream().filter(each -> each.result().isDone()).count());
    goOn.countDown();
    assertEquals(alone, ids(other));
    assertTrue(before.join() <= 8, () -> before.join() + " rows of the flood came first");
    flood.forEach(Generation::await);
  }

  @Test
  void aFullQueueOfOneAdapterHasRoomForOthers() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    FittedAdapter flooding = Stories.fitted(model, 4, 1);
    engine.submit(story(2), token -> block(running));
    running.await();
    List<Generation> flood = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      flood.add(engine.submit(story(1).withAdapter(flooding)));
    }
    assertThrows(EngineBusyException.class, () -> engine.submit(story(1).withAdapter(flooding)));
    Generation other = engine.submit(story(40));
    goOn.countDown();
    assertEquals(alone, ids(other));
    flood.forEach(Generation::await);
  }

  private void block(CountDownLatch running) {
    running.countDown();
    await(goOn);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aLongPromptComesInWhileOthersDecode() {
    int[] prompt = new int[480];
    Arrays.fill(prompt, 7);
    List<Integer> order = new ArrayList<>();
    Generation decoding = engine.submit(story(40), token -> order.add(0));
    Generation prefilled =
        engine.submit(GenerationRequest.of(prompt).withMaxTokens(1), token -> order.add(1));
    assertEquals(alone, ids(decoding));
    prefilled.await();
    int before = order.indexOf(1);
    assertTrue(before < 0 || before >= 5, () -> "tokens while the prompt came in: " + before);
  }

  private static AdapterSource source(String key, Supplier<FittedAdapter> load) {
    return new AdapterSource() {
      @Override
      public String key() {
        return key;
      }

      @Override
      public FittedAdapter load() {
        return load.get();
      }
    };
  }

  private GenerationRequest story(int tokens) {
    return GenerationRequest.of(Stories.tokens(model, "Once upon a time")).withMaxTokens(tokens);
  }

  private static List<Integer> ids(Generation generation) {
    return Stories.ids(List.of(generation.await())).getFirst();
  }
}
