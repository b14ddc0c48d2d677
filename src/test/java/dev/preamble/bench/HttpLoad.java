package dev.preamble.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.EngineOptions;
import dev.preamble.server.PreambleServer;
import dev.preamble.server.ServerConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.parsetools.RecordParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A {@link StreamLoad} put to a server over loopback: a connection a client, each answer a stream
 * that is cut into its events as it comes. Server and clients share the machine.
 */
final class HttpLoad implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final StreamLoad load;
  private final PreambleServer server;
  private final String model;
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final HttpClient client;

  HttpLoad(Path folder, EngineOptions options, StreamLoad load) {
    this.load = load;
    this.server =
        PreambleServer.start(
            ServerConfig.of(folder)
                .withPort(0)
                .withEngine(options)
                .withObservation(new ServerConfig.Observation(false, false, false, 100)));
    this.model = server.models().getFirst();
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions().setDefaultHost("127.0.0.1").setDefaultPort(server.port()),
            new PoolOptions().setHttp1MaxSize(load.clients()));
  }

  /** Tokens a second, from the first request to the last event; and how many events there were. */
  Result measure() {
    Run run = new Run();
    long start = System.nanoTime();
    for (int i = 0; i < load.clients(); i++) {
      run.next();
    }
    run.done.join();
    return new Result(
        run.tokens.get() * 1e9 / (System.nanoTime() - start),
        (double) run.events.get() / run.tokens.get());
  }

  /**
   * What came of it.
   *
   * @param tokensPerSecond as the usage at the end of the streams has them
   * @param eventsPerToken a token without a text is no event, the end of a stream is some
   */
  record Result(double tokensPerSecond, double eventsPerToken) {}

  private final class Run {
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicLong tokens = new AtomicLong();
    private final AtomicLong events = new AtomicLong();

    void next() {
      int number = begun.getAndIncrement();
      if (number < load.requests()) {
        client
            .request(HttpMethod.POST, "/v1/completions")
            .compose(
                request ->
                    request
                        .putHeader("content-type", "application/json")
                        .send(Buffer.buffer(body(number))))
            .onSuccess(this::read)
            .onFailure(done::completeExceptionally);
      }
    }

    private String body(int number) {
      ObjectNode body =
          JSON.createObjectNode()
              .put("model", model)
              .put("max_tokens", load.tokens())
              .put("temperature", 0)
              .put("ignore_eos", true)
              .put("stream", true);
      body.putObject("stream_options").put("include_usage", true);
      body.set("prompt", JSON.valueToTree(load.prompt(number)));
      return body.toString();
    }

    private void read(HttpClientResponse response) {
      if (response.statusCode() != 200) {
        response
            .body()
            .onComplete(
                body -> done.completeExceptionally(new AssertionError(body.result().toString())));
        return;
      }
      response.exceptionHandler(done::completeExceptionally);
      response.handler(RecordParser.newDelimited("\n\n", this::event));
      response.endHandler(
          end -> {
            if (ended.incrementAndGet() == load.requests()) {
              done.complete(null);
            }
            next();
          });
    }

    private void event(Buffer event) {
      events.incrementAndGet();
      String text = event.toString();
      if (text.contains("\"usage\"")) {
        try {
          tokens.addAndGet(
              JSON.readTree(text.substring("data: ".length()))
                  .at("/usage/completion_tokens")
                  .asLong());
        } catch (IOException malformed) {
          throw new UncheckedIOException(malformed);
        }
      }
    }
  }

  @Override
  public void close() {
    client.close().toCompletionStage().toCompletableFuture().join();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    server.close();
  }
}
