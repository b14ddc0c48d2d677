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

/**
 * A port that HTTP requests come in by: taken first, opened when there is something to answer with,
 * closed to new requests while running ones finish. Whoever comes before or after is told so.
 */
final class HttpPort {
  /** What requests get to send their last words once they are cancelled. */
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final HttpServer http;
  private volatile Handler<HttpServerRequest> handler =
      refuse("starting", "the server is starting; try again soon");

  private HttpPort(ServerConfig.Address address) {
    this.vertx =
        Vertx.vertx(
            new VertxOptions()
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)));
    this.http =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(address.host())
                    .setPort(address.port())
                    .setHandle100ContinueAutomatically(true))
            .requestHandler(request -> handler.handle(request));
  }

  /**
   * Takes the port.
   *
   * @throws PreambleException if it is taken or the address is none of this machine's
   */
  static HttpPort listen(ServerConfig.Address address) {
    HttpPort port = new HttpPort(address);
    try {
      await(port.http.listen());
      return port;
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

  int number() {
    return http.actualPort();
  }

  /** Lets {@code routes} answer from now on. */
  void open(Routes routes) {
    handler = routes.handler(vertx);
  }

  /**
   * Refuses new requests and waits for those taken. When they are not answered within {@code grace}
   * they are cancelled, and what they have to say then is waited for a little longer.
   */
  void close(Duration grace, Completions completions) {
    handler = refuse("shutting_down", "the server is shutting down");
    Future<?> answered = completions.answered();
    if (!within(grace, answered)) {
      completions.cancelAll();
      within(FAREWELL, answered);
    }
    await(http.shutdown(FAREWELL.toMillis(), TimeUnit.MILLISECONDS));
    abandon();
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

  private static Handler<HttpServerRequest> refuse(String code, String message) {
    return request -> {
      Reply reply = new Reply(request.response());
      reply.fail(ApiError.unavailable(code, message));
    };
  }

  private static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }
}
