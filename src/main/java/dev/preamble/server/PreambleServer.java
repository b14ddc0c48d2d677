package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.generation.BatchingEngine;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineStatus;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.model.FrozenModel;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A server that runs: one frozen model, its adapters, an engine, an HTTP port. It is ready when
 * {@link #start} returns.
 */
public final class PreambleServer implements AutoCloseable {
  private final ServerConfig config;
  private final HttpPort port;
  private final FrozenModel model;
  private final ModelCatalog catalog;
  private final Engine engine;
  private final Completions completions;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  private PreambleServer(
      ServerConfig config, HttpPort port, FrozenModel model, ModelCatalog catalog, Engine engine) {
    this.config = config;
    this.port = port;
    this.model = model;
    this.catalog = catalog;
    this.engine = engine;
    this.completions = new Completions(port.vertx(), model, catalog, engine, config.limits());
  }

  /**
   * Takes the port, opens model and adapters, lets the model run once and then answers requests;
   * before that they are told to come later.
   *
   * @throws PreambleException if the port is taken or the model cannot be served; adapters that
   *     cannot be are {@link #warnings}
   */
  public static PreambleServer start(ServerConfig config) {
    try (Opened opened = new Opened()) {
      HttpPort port = opened.add(HttpPort.listen(config.address()), HttpPort::abandon);
      FrozenModel model =
          opened.add(FrozenModel.open(config.model(), config.device()), FrozenModel::close);
      ModelCatalog catalog = ModelCatalog.load(model, config.adapters());
      Engine engine = opened.add(BatchingEngine.open(model, config.engine()), Engine::close);
      warmUp(engine);
      PreambleServer server = new PreambleServer(config, port, model, catalog, engine);
      port.open(server.routes());
      opened.keep();
      return server;
    }
  }

  /** A prefill and a step: the first runs allocate and plan, so no client should wait for them. */
  private static void warmUp(Engine engine) {
    engine.submit(GenerationRequest.of(0).withMaxTokens(2)).await();
  }

  private Routes routes() {
    return new Routes(completions::handle, this::listing, this::health);
  }

  private ObjectNode listing() {
    ObjectNode listing = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = listing.putArray("data");
    catalog.models().forEach(served -> data.add(served.json()));
    return listing;
  }

  private ObjectNode health() {
    EngineStatus status = engine.status();
    return JsonNodeFactory.instance
        .objectNode()
        .put("status", "ok")
        .put("running", status.running())
        .put("waiting", status.waiting());
  }

  /** The port that it listens on. */
  public int port() {
    return port.number();
  }

  /** Where clients find it, such as {@code http://127.0.0.1:8080}. */
  public String url() {
    String host = config.address().host();
    return "http://%s:%d".formatted(host.contains(":") ? "[" + host + "]" : host, port());
  }

  /** Ids of the models that it serves, the frozen one first. */
  public List<String> models() {
    return catalog.models().stream().map(ServedModel::id).toList();
  }

  /** Adapters that could not be loaded and what is odd about others, one sentence each. */
  public List<String> warnings() {
    return catalog.warnings();
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
   * error that clients see, and frees everything.
   */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      port.close(config.grace(), completions);
      engine.close();
      model.close();
      closed.countDown();
    }
  }
}
