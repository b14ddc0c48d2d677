package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.generation.BatchingEngine;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.EngineStatus;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.access.CallerLimits;
import dev.preamble.server.access.KeyWatch;
import dev.preamble.server.access.Role;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterState;
import io.vertx.core.http.HttpMethod;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A server that runs: one frozen model, its adapters, an engine, an HTTP port. It is ready when
 * {@link #start} returns.
 */
public final class PreambleServer implements AutoCloseable {
  private final ServerConfig config;
  private final ServerLog log;
  private final HttpPort port;
  private final FrozenModel model;
  private final AdapterCatalog catalog;
  private final KeyWatch keys;
  private final Engine engine;
  private final Models models;
  private final ServerMetrics metrics;
  private final Generations generations;
  private final Classifications classifications;
  private final PinnedPrefixes pins;
  private final InFlight inFlight = new InFlight();
  private final Watcher watcher;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  private PreambleServer(
      ServerConfig config,
      ServerLog log,
      HttpPort port,
      FrozenModel model,
      AdapterCatalog catalog,
      KeyWatch keys,
      Engine engine) {
    this.config = config;
    this.log = log;
    this.port = port;
    this.model = model;
    this.catalog = catalog;
    this.keys = keys;
    this.engine = engine;
    this.models = new Models(model, catalog);
    this.metrics = new ServerMetrics(model.manifest().baseModel().name(), config.observation());
    this.generations = new Generations(engine, config.engine().rows(), metrics);
    this.classifications =
        new Classifications(model, models, config.limits(), metrics, config.engine().threads());
    this.pins = new PinnedPrefixes(catalog, engine, log);
    this.watcher =
        Watcher.start(
            config.adapters().look(),
            log,
            () -> keys.look(fault -> log.warning(fault.getMessage())),
            catalog::look,
            pins::look);
    metrics.watch(engine);
    metrics.watch(catalog);
    metrics.watch(classifications);
  }

  /**
   * Takes the port, opens model and adapters, lets the model run once and then answers requests;
   * before that they are told to come later.
   *
   * @throws PreambleException if the port is taken or the model cannot be served; adapters that
   *     cannot be are {@link #warnings}
   */
  public static PreambleServer start(ServerConfig config) {
    return start(config, UnaryOperator.identity());
  }

  /** As above; requests are submitted to what {@code around} makes of the engine. */
  static PreambleServer start(ServerConfig config, UnaryOperator<Engine> around) {
    try (Opened opened = new Opened()) {
      ServerLog log =
          opened.add(
              new ServerLog(
                  config.observation().log() ? Optional.of(System.err) : Optional.empty()),
              ServerLog::close);
      KeyWatch keys = new KeyWatch(config.access().keys());
      CompletableFuture<FrozenModel> opening = openModel(config);
      HttpPort port = opened.add(listen(config, log, opening), HttpPort::abandon);
      FrozenModel model = opened.add(await(opening), FrozenModel::close);
      AdapterCatalog catalog =
          AdapterCatalog.open(model, config.adapters(), InstantSource.system(), log);
      Engine engine =
          opened.add(BatchingEngine.open(model, sharing(config.engine())), Engine::close);
      warmUp(engine);
      PreambleServer server =
          new PreambleServer(config, log, port, model, catalog, keys, around.apply(engine));
      port.open(server.routes().handler(port.vertx()));
      log.server("ready", server.url());
      opened.keep();
      return server;
    }
  }

  /**
   * Opens the model beside the port: each takes a good part of the time until the server is ready.
   */
  private static CompletableFuture<FrozenModel> openModel(ServerConfig config) {
    return CompletableFuture.supplyAsync(
        () -> FrozenModel.open(config.model(), config.device()),
        work -> Thread.ofPlatform().daemon().name("preamble-model").start(work));
  }

  private static HttpPort listen(
      ServerConfig config, ServerLog log, CompletableFuture<FrozenModel> opening) {
    try {
      return HttpPort.listen(config.address(), config.limits(), log);
    } catch (RuntimeException refused) {
      opening.thenAccept(FrozenModel::close);
      throw refused;
    }
  }

  private static FrozenModel await(CompletableFuture<FrozenModel> opening) {
    try {
      return opening.join();
    } catch (CompletionException fault) {
      throw fault.getCause() instanceof RuntimeException cause ? cause : fault;
    }
  }

  /** Between two steps the processors are free for those who send what came. */
  private static EngineOptions sharing(EngineOptions options) {
    return options.withSpins(false);
  }

  /** A prefill and a step: the first runs allocate and plan, so no client should wait for them. */
  private static void warmUp(Engine engine) {
    engine.submit(GenerationRequest.of(0).withMaxTokens(2)).await();
  }

  private Routes routes() {
    ServerConfig.Limits limits = config.limits();
    Answers answers =
        new Answers(model, models, generations, limits, config.observation().prompts());
    Completions completions = new Completions(answers);
    Chats chats = new Chats(answers);
    Adapters adapters = new Adapters(catalog, pins, limits, config.adapters().uploadBytes());
    Tokens tokens = new Tokens(model, models, limits);
    return new Routes(
            new Gate(
                keys,
                new CallerLimits(
                    limits.requestsPerMinute(), limits.requestsAtOnce(), System::nanoTime)),
            inFlight,
            port.workers(),
            log,
            metrics)
        .open(Health.LIVE, exchange -> exchange.reply().json(200, Health.live()))
        .open("/health/ready", exchange -> exchange.reply().json(200, Health.ready(engine)))
        .open("/health", exchange -> exchange.reply().json(200, Health.ready(engine)))
        .open("/version", exchange -> exchange.reply().json(200, Contract.version()))
        .open("/openapi.yaml", exchange -> Contract.send(exchange.reply()))
        .add(HttpMethod.GET, "/metrics", Role.METRICS, this::scrape)
        .add(HttpMethod.POST, "/v1/completions", Role.INFER, completions::answer)
        .add(HttpMethod.POST, "/v1/chat/completions", Role.INFER, chats::answer)
        .add(HttpMethod.POST, "/v1/classify", Role.INFER, classifications::answer)
        .add(HttpMethod.POST, "/v1/tokenize", Role.INFER, tokens::tokenize)
        .add(HttpMethod.POST, "/v1/detokenize", Role.INFER, tokens::detokenize)
        .add(HttpMethod.GET, "/v1/models", Role.INFER, this::listModels)
        .addNamed(HttpMethod.GET, "/v1/models/:name", Role.INFER, this::showModel)
        .add(HttpMethod.GET, "/v1/adapters", Role.INFER, adapters::list)
        .addNamed(HttpMethod.GET, "/v1/adapters/:name", Role.INFER, adapters::get)
        .addNamed(HttpMethod.GET, "/v1/adapters/:name/download", Role.INFER, adapters::download)
        .addNamed(HttpMethod.PUT, "/v1/adapters/:name", Role.ADMIN, adapters::put)
        .addNamed(HttpMethod.DELETE, "/v1/adapters/:name", Role.ADMIN, adapters::delete)
        .addNamed(
            HttpMethod.PUT,
            "/v1/adapters/:name/pin",
            Role.ADMIN,
            (exchange, name) -> adapters.pin(exchange, name, true))
        .addNamed(
            HttpMethod.DELETE,
            "/v1/adapters/:name/pin",
            Role.ADMIN,
            (exchange, name) -> adapters.pin(exchange, name, false))
        .add(HttpMethod.POST, "/v1/load_lora_adapter", Role.ADMIN, adapters::load)
        .add(HttpMethod.POST, "/v1/unload_lora_adapter", Role.ADMIN, adapters::unload);
  }

  private void scrape(Exchange exchange) {
    exchange.answer(
        () -> metrics.scrape(generations),
        text -> exchange.reply().text(200, "text/plain; version=0.0.4; charset=utf-8", text));
  }

  private void listModels(Exchange exchange) {
    exchange.answer(
        () -> models.listing(exchange.caller()), list -> exchange.reply().json(200, list));
  }

  private void showModel(Exchange exchange, String id) {
    exchange.answer(
        () -> models.json(id, exchange.caller()), shown -> exchange.reply().json(200, shown));
  }

  /** The port that it listens on. */
  public int port() {
    return port.number();
  }

  /** Where clients find it, such as {@code http://127.0.0.1:8080}. */
  public String url() {
    String host = config.address().host();
    return "%s://%s:%d"
        .formatted(
            config.address().tls().isPresent() ? "https" : "http",
            host.contains(":") ? "[" + host + "]" : host,
            port());
  }

  /** Ids of the models that it serves, the frozen one first. */
  public List<String> models() {
    return models.ids();
  }

  /** Adapters that could not be loaded and what is odd about others, one sentence each. */
  public List<String> warnings() {
    return catalog.adapters().stream().flatMap(PreambleServer::warnings).toList();
  }

  private static Stream<String> warnings(AdapterState adapter) {
    return Stream.concat(
        adapter.fault().stream().map(fault -> "not served: " + fault),
        adapter.version().stream()
            .flatMap(version -> version.warnings().stream())
            .map(warning -> adapter.folder() + ": " + warning));
  }

  /** What the engine is doing. */
  public EngineStatus status() {
    return engine.status();
  }

  /** Waits until the server is closed. */
  public void awaitClose() throws InterruptedException {
    closed.await();
  }

  /**
   * Takes no new request, lets running ones finish within the grace period, ends the rest with an
   * error that clients see, and frees everything. Whoever closes it again waits until it is closed.
   */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      awaitClosed();
      return;
    }
    try {
      log.server("closing", "running requests have %s".formatted(config.grace()));
      port.close(config.grace(), inFlight, generations::cancelAll);
      watcher.close();
      classifications.close();
      engine.close();
      model.close();
      metrics.close();
      log.server("closed", url());
      log.close();
    } finally {
      closed.countDown();
    }
  }

  private void awaitClosed() {
    try {
      closed.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
