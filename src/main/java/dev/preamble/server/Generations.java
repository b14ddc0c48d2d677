package dev.preamble.server;

import dev.preamble.generation.Engine;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.TokenListener;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/**
 * The texts that the engine is making for clients. One is counted before anybody is told that it is
 * done: whoever has an answer finds it among the metrics.
 */
final class Generations {
  /** The engine's text, whose result is there once it is counted. */
  private record Counted(Generation text, CompletableFuture<GenerationResult> result)
      implements Generation {
    @Override
    public void cancel() {
      text.cancel();
    }
  }

  /** One text under way. */
  private static final class Run implements TokenListener {
    private final ServedModel model;
    private final TokenListener listener;
    private final ServerMetrics metrics;
    private final long begun = System.nanoTime();
    private volatile long last = begun;
    private volatile boolean running;

    Run(ServedModel model, TokenListener listener, ServerMetrics metrics) {
      this.model = model;
      this.listener = listener;
      this.metrics = metrics;
    }

    @Override
    public void onToken(GeneratedToken token) {
      long now = System.nanoTime();
      metrics.token(!running, Duration.ofNanos(now - last));
      last = now;
      running = true;
      listener.onToken(token);
    }

    @Override
    public void onStepEnd() {
      listener.onStepEnd();
    }

    Duration age() {
      return Duration.ofNanos(System.nanoTime() - begun);
    }
  }

  private final Engine engine;
  private final int rows;
  private final ServerMetrics metrics;
  private final Set<Generation> underWay = ConcurrentHashMap.newKeySet();
  private final Set<Run> runs = ConcurrentHashMap.newKeySet();
  private volatile boolean cancelled;

  /**
   * @param rows texts that {@code engine} makes at once, each under any adapter
   */
  Generations(Engine engine, int rows, ServerMetrics metrics) {
    this.engine = engine;
    this.rows = rows;
    this.metrics = metrics;
  }

  /** Submits all {@code requests}, or none; the listener of each is got by its number. */
  List<Generation> submit(
      ServedModel model, List<GenerationRequest> requests, IntFunction<TokenListener> listeners) {
    List<Generation> submitted = new ArrayList<>();
    try {
      for (GenerationRequest request : requests) {
        submitted.add(submit(model, request, listeners.apply(submitted.size())));
      }
      return submitted;
    } catch (RuntimeException refused) {
      submitted.forEach(Generation::cancel);
      throw refused;
    }
  }

  private Generation submit(ServedModel model, GenerationRequest request, TokenListener listener) {
    Run run = new Run(model, listener, metrics);
    Generation generation = engine.submit(request, run);
    underWay.add(generation);
    runs.add(run);
    if (cancelled) {
      generation.cancel();
    }
    return new Counted(
        generation,
        generation
            .result()
            .whenComplete(
                (result, fault) -> {
                  underWay.remove(generation);
                  runs.remove(run);
                  if (result != null) {
                    metrics.generated(model, result, run.age());
                  }
                }));
  }

  /** Cancels all that is under way, and what comes after; their clients are told. */
  void cancelAll() {
    cancelled = true;
    underWay.forEach(Generation::cancel);
  }

  /**
   * Which adapters run and which wait, in the form of vLLM's {@code lora_requests_info}. As many
   * may run at once as texts.
   */
  MultiGauge.Row<Number> adapterInfo() {
    Set<String> running = new TreeSet<>();
    Set<String> waiting = new TreeSet<>();
    for (Run run : runs) {
      if (run.model.resolved().isPresent()) {
        (run.running ? running : waiting).add(run.model.id());
      }
    }
    return MultiGauge.Row.of(
        Tags.of(
            "max_lora",
            String.valueOf(rows),
            "running_lora_adapters",
            String.join(",", running),
            "waiting_lora_adapters",
            String.join(",", waiting)),
        Instant.now().getEpochSecond());
  }
}
