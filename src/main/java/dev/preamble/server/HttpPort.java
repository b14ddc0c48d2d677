package dev.preamble.server;

import dev.preamble.PreambleException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.net.BindException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A port that HTTP requests come in by: taken first, opened when there is something to answer with,
 * closed to new requests while running ones finish. Whoever comes before or after is told so.
 */
final class HttpPort {
  private static final int HEADER_BYTES = 16 << 10;
  private static final int LINE_BYTES = 8 << 10;

  /** What requests get to send their last words once they are cancelled. */
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final HttpServer http;
  private final ServerLog log;
  private final Connections connections;
  private final Workers workers;
  private final AtomicInteger taking = new AtomicInteger();
  private volatile Handler<HttpServerRequest> handler;

  private HttpPort(ServerConfig.Address address, ServerConfig.Limits limits, ServerLog log) {
    this.log = log;
    this.handler = refuse("starting", "the server is starting; try again soon");
    this.vertx =
        Vertx.vertx(
            new VertxOptions()
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)));
    this.connections = new Connections(vertx, limits.idleTime());
    this.workers = new Workers(vertx);
    this.http =
        vertx
            .createHttpServer(options(address))
            .connectionHandler(connections::opened)
            .requestHandler(this::take);
  }

  private static HttpServerOptions options(ServerConfig.Address address) {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost(address.host())
            .setPort(address.port())
            // Else a connection is not known before its first request, and cannot be closed as
            // idle.
            .setHttp2ClearTextEnabled(false)
            .setMaxHeaderSize(HEADER_BYTES)
            .setMaxInitialLineLength(LINE_BYTES)
            // Nothing is served over WebSockets, and each write would pass by what compresses them.
            .setPerFrameWebSocketCompressionSupported(false)
            .setPerMessageWebSocketCompressionSupported(false)
            .setHandle100ContinueAutomatically(true);
    address
        .tls()
        .ifPresent(
            tls -> options.setSsl(true).setUseAlpn(true).setKeyCertOptions(TlsFiles.options(tls)));
    return options;
  }

  private void take(HttpServerRequest request) {
    connections.begin(request.connection());
    request.response().endHandler(ended -> connections.end(request.connection()));
    taking.incrementAndGet();
    try {
      handler.handle(request);
    } finally {
      taking.decrementAndGet();
    }
  }

  /**
   * Takes the port.
   *
   * @throws PreambleException if it is taken, the address is none of this machine's, or the files
   *     for TLS are not what they should be
   */
  static HttpPort listen(ServerConfig.Address address, ServerConfig.Limits limits, ServerLog log) {
    HttpPort port = new HttpPort(address, limits, log);
    try {
      address.tls().ifPresent(files -> TlsFiles.check(files, port.vertx));
      await(port.http.listen());
      return port;
    } catch (PreambleException fault) {
      port.abandon();
      throw fault;
    } catch (CompletionException fault) {
      port.abandon();
      throw refused(address, fault.getCause());
    }
  }

  private static PreambleException refused(ServerConfig.Address address, Throwable fault) {
    boolean taken =
        fault instanceof BindException && String.valueOf(fault.getMessage()).contains("in use");
    return new PreambleException(
        taken
            ? "port %d of %s is taken by another program; stop that one or choose another port with --port"
                .formatted(address.port(), address.host())
            : "cannot listen on port %d of %s: %s"
                .formatted(address.port(), address.host(), fault.getMessage()),
        fault);
  }

  Vertx vertx() {
    return vertx;
  }

  Workers workers() {
    return workers;
  }

  int number() {
    return http.actualPort();
  }

  /** Lets {@code answers} answer from now on. */
  void open(Handler<HttpServerRequest> answers) {
    handler = answers;
  }

  /** Connections that are open. */
  int connections() {
    return connections.count();
  }

  /**
   * Refuses new requests and waits for those taken. When they are not answered within {@code grace}
   * {@code cancel} is to cancel them, and what they have to say then is waited for a little longer.
   * What workers are at is waited for in any case.
   */
  void close(Duration grace, InFlight requests, Runnable cancel) {
    handler = refuse("shutting_down", "the server is shutting down");
    awaitTaken();
    Future<?> answered = requests.answered();
    if (!within(grace, answered)) {
      cancel.run();
      within(FAREWELL, answered);
    }
    await(http.shutdown(FAREWELL.toMillis(), TimeUnit.MILLISECONDS));
    workers.close();
    abandon();
  }

  /** Waits until each request that met the handler before is among those under way. */
  private void awaitTaken() {
    while (taking.get() > 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  private static boolean within(Duration time, Future<?> done) {
    try {
      done.toCompletionStage().toCompletableFuture().get(time.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException late) {
      return false;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException failed) {
      return true;
    }
  }

  /** Gives the port back at once. */
  void abandon() {
    await(vertx.close());
  }

  /** Answers that the server lives, and everything else with 503. */
  private Handler<HttpServerRequest> refuse(String code, String message) {
    return request -> {
      Exchange exchange = new Exchange(vertx, workers, request, log);
      if (Health.LIVE.equals(request.path())) {
        exchange.reply().json(200, Health.live());
      } else {
        exchange.reply().fail(ApiError.unavailable(code, message));
      }
    };
  }

  private static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }
}
