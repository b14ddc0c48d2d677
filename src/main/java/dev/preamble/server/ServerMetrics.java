package dev.preamble.server;

import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineStatus;
import dev.preamble.generation.GenerationResult;
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
    generations.add(new GenerationMeters(registry, "preamble.", Tags.of("model_name", model)));
    if (observation.vllmNames()) {
      generations.add(new GenerationMeters(registry, "vllm:", Tags.of("model_name", model)));
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
    Tags tags = Tags.of("adapter", label(model));
    registry
        .counter(
            "preamble.adapter.requests",
            tags.and("finished_reason", result.finishReason().name().toLowerCase(Locale.ROOT)))
        .increment();
    tokens(tags.and("kind", "prompt")).increment(result.usage().promptTokens());
    tokens(tags.and("kind", "virtual")).increment(result.usage().virtualTokens());
    tokens(tags.and("kind", "generation")).increment(result.usage().completionTokens());
  }

  private Counter tokens(Tags tags) {
    return registry.counter("preamble.adapter.tokens", tags);
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
  private static final class GenerationMeters {
    private final PrometheusMeterRegistry registry;
    private final String prefix;
    private final Tags tags;
    private final Timer firstToken;
    private final Timer betweenTokens;
    private final Timer endToEnd;
    private final Timer queue;
    private final Timer prefill;
    private final Timer decode;

    GenerationMeters(PrometheusMeterRegistry registry, String prefix, Tags tags) {
      this.registry = registry;
      this.prefix = prefix;
      this.tags = tags;
      this.firstToken = timer("time.to.first.token");
      this.betweenTokens = timer("inter.token.latency");
      this.endToEnd = timer("e2e.request.latency");
      this.queue = timer("request.queue.time");
      this.prefill = timer("request.prefill.time");
      this.decode = timer("request.decode.time");
    }

    private Timer timer(String name) {
      return Timer.builder(prefix + name)
          .tags(tags)
          .serviceLevelObjectives(Buckets.TIMES)
          .register(registry);
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
