package dev.preamble.server;

import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineStatus;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.Usage;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterState;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * What the server counts and measures, in Prometheus' text form. Names begin with {@code preamble_}
 * and go on as vLLM's do; where it is wanted the same are given under vLLM's own prefix.
 */
final class ServerMetrics implements AutoCloseable {
  private static final String OTHERS = "(others)";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final List<GenerationMeters> generations = new ArrayList<>();
  private final Set<String> labelled = ConcurrentHashMap.newKeySet();
  private final Optional<MultiGauge> loraInfo;
  private final int mostLabels;

  /**
   * @param model the frozen model's id
   * @param observation which names, and how many adapters are told apart
   */
  ServerMetrics(String model, ServerConfig.Observation observation) {
    this.mostLabels = observation.adapterLabels();
    generations.add(new GenerationMeters("preamble.", Tags.of("model_name", model)));
    if (observation.vllmNames()) {
      generations.add(new GenerationMeters("vllm:", Tags.of("model_name", model)));
    }
    this.loraInfo =
        observation.vllmNames()
            ? Optional.of(
                MultiGauge.builder("vllm:lora.requests.info")
                    .description("Adapters of running and waiting requests; the value is the time.")
                    .register(registry))
            : Optional.empty();
  }

  /** Begins to tell what the engine does. */
  void watch(Engine engine) {
    generations.forEach(meters -> meters.watch(engine));
    gauge("preamble.prefix.store.bytes", engine, now -> now.prefixes().bytes());
    gauge("preamble.prefix.store.entries", engine, now -> now.prefixes().entries());
    FunctionCounter.builder(
            "preamble.prefix.store.evictions", engine, each -> each.status().prefixes().evictions())
        .register(registry);
  }

  private void gauge(String name, Engine engine, ToDoubleFunction<EngineStatus> value) {
    Gauge.builder(name, engine, each -> value.applyAsDouble(each.status())).register(registry);
  }

  /** Begins to tell how many classifications wait. */
  void watch(Classifications classifications) {
    Gauge.builder("preamble.classify.requests.waiting", classifications, Classifications::waiting)
        .register(registry);
  }

  /** Begins to tell how many adapters there are. */
  void watch(AdapterCatalog catalog) {
    Gauge.builder("preamble.adapters.ready", catalog, all -> count(all, true)).register(registry);
    Gauge.builder("preamble.adapters.failed", catalog, all -> count(all, false)).register(registry);
    Gauge.builder("preamble.adapters.resident.bytes", catalog, AdapterCatalog::residentBytes)
        .register(registry);
  }

  private static long count(AdapterCatalog catalog, boolean ready) {
    return catalog.adapters().stream()
        .map(AdapterState::version)
        .filter(version -> version.isPresent() == ready)
        .count();
  }

  /** A request was answered. */
  void request(String route, int status, Duration age) {
    Tags tags = Tags.of("route", route);
    registry.counter("preamble.http.requests", tags.and("status", "" + status)).increment();
    registry.timer("preamble.http.request.duration", tags).record(age);
  }

  /** Somebody's request was refused for the reason {@code code}. */
  void refused(String code) {
    registry.counter("preamble.refusals", "code", code).increment();
  }

  /** A token came, the first of its text or one after another. */
  void token(boolean first, Duration since) {
    generations.forEach(meters -> meters.token(first, since));
  }

  /** A text is done. */
  void generated(ServedModel model, GenerationResult result, Duration age) {
    generations.forEach(meters -> meters.done(result, age));
    asked(model, result.finishReason().name().toLowerCase(Locale.ROOT), result.usage());
  }

  /** A request under {@code model} is done, for what reason and with what it took. */
  private void asked(ServedModel model, String reason, Usage usage) {
    Tags tags = Tags.of("adapter", label(model));
    registry.counter("preamble.adapter.requests", tags.and("finished_reason", reason)).increment();
    tokens(tags.and("kind", "prompt")).increment(usage.promptTokens());
    tokens(tags.and("kind", "virtual")).increment(usage.virtualTokens());
    tokens(tags.and("kind", "generation")).increment(usage.completionTokens());
  }

  private Counter tokens(Tags tags) {
    return registry.counter("preamble.adapter.tokens", tags);
  }

  /**
   * Texts were classified. They have meters of their own: what is measured of generated texts says
   * nothing of them.
   *
   * @param models who was asked, each about all texts
   * @param texts how many there were
   * @param promptTokens tokens of all of them
   * @param waited time in the queue
   * @param computed time from there to the scores
   */
  void classified(
      List<ServedModel> models, int texts, int promptTokens, Duration waited, Duration computed) {
    registry.counter("preamble.classify.texts").increment(texts);
    timer("preamble.classify.queue.time", Tags.empty()).record(waited);
    timer("preamble.classify.time", Tags.empty()).record(computed);
    for (ServedModel model : models) {
      int virtual = model.adapter().map(FittedAdapter::virtualTokens).orElse(0);
      asked(model, "classified", new Usage(promptTokens, texts * virtual, 0));
    }
  }

  private Timer timer(String name, Tags tags) {
    return Timer.builder(name).tags(tags).serviceLevelObjectives(Buckets.TIMES).register(registry);
  }

  /** The label of {@code model}: the first ones have their own, all others share one. */
  private String label(ServedModel model) {
    if (model.resolved().isEmpty()) {
      return "";
    }
    synchronized (labelled) {
      if (labelled.contains(model.id())
          || labelled.size() < mostLabels && labelled.add(model.id())) {
        return model.id();
      }
    }
    return OTHERS;
  }

  /** All of it, in Prometheus' text form. */
  String scrape(Generations underWay) {
    loraInfo.ifPresent(info -> info.register(List.of(underWay.adapterInfo()), true));
    return registry.scrape();
  }

  @Override
  public void close() {
    registry.close();
  }

  /** The same measures under one prefix. */
  private final class GenerationMeters {
    private final String prefix;
    private final Tags tags;
    private final Timer firstToken;
    private final Timer betweenTokens;
    private final Timer endToEnd;
    private final Timer queue;
    private final Timer prefill;
    private final Timer decode;

    GenerationMeters(String prefix, Tags tags) {
      this.prefix = prefix;
      this.tags = tags;
      this.firstToken = timer(prefix + "time.to.first.token", tags);
      this.betweenTokens = timer(prefix + "inter.token.latency", tags);
      this.endToEnd = timer(prefix + "e2e.request.latency", tags);
      this.queue = timer(prefix + "request.queue.time", tags);
      this.prefill = timer(prefix + "request.prefill.time", tags);
      this.decode = timer(prefix + "request.decode.time", tags);
    }

    void watch(Engine engine) {
      gauge("num.requests.running", engine, EngineStatus::running);
      gauge("num.requests.waiting", engine, EngineStatus::waiting);
      gauge("kv.cache.usage.perc", engine, now -> now.cache().share());
      counter("prefix.cache.hits", engine, now -> now.prefixes().hits());
      counter(
          "prefix.cache.queries", engine, now -> now.prefixes().hits() + now.prefixes().misses());
    }

    private void gauge(String name, Engine engine, ToDoubleFunction<EngineStatus> value) {
      Gauge.builder(prefix + name, engine, each -> value.applyAsDouble(each.status()))
          .tags(tags)
          .register(registry);
    }

    private void counter(String name, Engine engine, ToDoubleFunction<EngineStatus> value) {
      FunctionCounter.builder(prefix + name, engine, each -> value.applyAsDouble(each.status()))
          .tags(tags)
          .register(registry);
    }

    void token(boolean first, Duration since) {
      (first ? firstToken : betweenTokens).record(since);
    }

    void done(GenerationResult result, Duration age) {
      endToEnd.record(age);
      queue.record(result.timing().waiting());
      prefill.record(result.timing().firstToken());
      decode.record(result.timing().total().minus(result.timing().firstToken()));
      registry.counter(prefix + "prompt.tokens", tags).increment(result.usage().promptTokens());
      registry
          .counter(prefix + "generation.tokens", tags)
          .increment(result.usage().completionTokens());
      registry
          .counter(
              prefix + "request.success",
              tags.and("finished_reason", result.finishReason().name().toLowerCase(Locale.ROOT)))
          .increment();
      Buckets.tokens(registry, prefix + "request.prompt.tokens", tags)
          .record(result.usage().promptTokens());
      Buckets.tokens(registry, prefix + "request.generation.tokens", tags)
          .record(result.usage().completionTokens());
    }
  }
}
