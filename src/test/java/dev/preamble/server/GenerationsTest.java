package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.generation.BatchingEngine;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a server knows of the texts that its engine makes, whatever happens at the same time. */
class GenerationsTest {
  private static final ServedModel MODEL = new ServedModel("base", "digest", Optional.empty());
  private static final GenerationRequest LONG = GenerationRequest.of(1, 2).withMaxTokens(400);

  private final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final Engine engine =
      BatchingEngine.open(model, EngineOptions.defaults().withThreads(1).withRows(1));
  private final HeldEngine held = new HeldEngine(engine);
  private final ServerMetrics metrics = new ServerMetrics("base", ServerConfig.Observation.SILENT);
  private final Generations generations = new Generations(held, 1, metrics);

  @AfterEach
  void close() {
    held.close();
    model.close();
    metrics.close();
  }

  private Generation submit(Generations to) {
    return to.submit(MODEL, List.of(LONG), index -> token -> {}).getFirst();
  }

  @Test
  void whoeverHasAnAnswerFindsItAmongTheMetrics() {
    held.hold();
    Generation generation = submit(generations);
    held.awaitRunning();
    var seen = generation.result().thenApply(result -> metrics.scrape(generations));
    held.letGo();
    String count =
        "preamble_request_success_total{finished_reason=\"length\",model_name=\"base\"} 1.0";
    assertTrue(seen.join().contains(count), seen::join);
  }

  @Test
  void whatIsSubmittedWhileAllIsCancelledIsCancelledToo() {
    held.hold();
    submit(generations);
    held.awaitRunning();
    Generations[] hurried = new Generations[1];
    hurried[0] = new Generations(before(held, engine -> hurried[0].cancelAll()), 1, metrics);
    Generation late = submit(hurried[0]);
    held.letGo();
    assertEquals(FinishReason.CANCELLED, late.result().join().finishReason());
  }

  /** {@code engine}, to which something happens when it has taken a request. */
  private static Engine before(Engine engine, Consumer<Engine> happens) {
    return (Engine)
        Proxy.newProxyInstance(
            Engine.class.getClassLoader(),
            new Class<?>[] {Engine.class},
            (proxy, method, arguments) -> {
              Object result = method.invoke(engine, arguments);
              happens.accept(engine);
              return result;
            });
  }
}
