package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.generation.Engine;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.TokenListener;
import dev.preamble.model.FrozenModel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/**
 * {@code POST /v1/completions}: the body is read on the event loop, understood and tokenized on a
 * worker thread, and submitted to the engine from the event loop again, where the answer is
 * written.
 */
final class Completions {
  /** A request ready for the engine: one generation a prompt. */
  private record Prepared(
      CompletionRequest request, ServedModel model, List<GenerationRequest> generations) {}

  private final Vertx vertx;
  private final FrozenModel model;
  private final ModelCatalog catalog;
  private final Engine engine;
  private final ServerConfig.Limits limits;
  private final Set<Generation> underWay = ConcurrentHashMap.newKeySet();
  private final Set<Reply> unanswered = ConcurrentHashMap.newKeySet();

  Completions(
      Vertx vertx,
      FrozenModel model,
      ModelCatalog catalog,
      Engine engine,
      ServerConfig.Limits limits) {
    this.vertx = vertx;
    this.model = model;
    this.catalog = catalog;
    this.engine = engine;
    this.limits = limits;
  }

  /** Answers {@code request}, on its event loop. */
  void handle(HttpServerRequest request) {
    Reply reply = new Reply(request.response());
    unanswered.add(reply);
    reply.over().onComplete(over -> unanswered.remove(reply));
    BodyReader.read(request, limits.bodyBytes())
        .compose(body -> vertx.executeBlocking(() -> prepare(body.getBytes()), false))
        .map(prepared -> begin(prepared, reply))
        .onFailure(reply::fail);
  }

  /** Cancels all that is under way; their clients are told. */
  void cancelAll() {
    underWay.forEach(Generation::cancel);
  }

  /** Done when all requests taken so far are answered, or their clients gone. */
  Future<?> answered() {
    return Future.join(unanswered.stream().map(Reply::over).toList());
  }

  private Prepared prepare(byte[] body) {
    CompletionRequest request = CompletionRequest.parse(body, limits);
    ServedModel served = catalog.find(request.model());
    List<GenerationRequest> generations = new ArrayList<>();
    for (CompletionRequest.Prompt prompt : request.prompts()) {
      generations.add(
          GenerationRequest.of(tokens(prompt))
              .withAdapter(served.adapter())
              .withMaxTokens(request.maxTokens())
              .withStop(request.stop()));
    }
    return new Prepared(request, served, generations);
  }

  private int[] tokens(CompletionRequest.Prompt prompt) {
    return switch (prompt) {
      case CompletionRequest.Prompt.Tokens tokens -> tokens.ids();
      case CompletionRequest.Prompt.Text text -> {
        try {
          yield model.tokenizer().encode(text.text(), true);
        } catch (PreambleException fault) {
          throw ApiError.badField("prompt", "prompt: " + fault.getMessage());
        }
      }
    };
  }

  private Void begin(Prepared prepared, Reply reply) {
    CompletionJson json =
        new CompletionJson(
            "cmpl-" + UUID.randomUUID().toString().replace("-", ""),
            prepared.model().id(),
            Instant.now().getEpochSecond());
    prepared.model().headers().forEach(reply::header);
    if (prepared.request().stream()) {
      CompletionStream stream =
          new CompletionStream(json, prepared.request().includeUsage(), reply, limits);
      stream.begin(submit(prepared, stream::listener));
    } else {
      List<Generation> generations = submit(prepared, index -> token -> {});
      reply.onGone(() -> generations.forEach(Generation::cancel));
      new WholeAnswer(json, reply).begin(generations);
    }
    return null;
  }

  /** Submits all generations, or none. */
  private List<Generation> submit(Prepared prepared, IntFunction<TokenListener> listeners) {
    List<Generation> submitted = new ArrayList<>();
    try {
      for (GenerationRequest request : prepared.generations()) {
        Generation generation = engine.submit(request, listeners.apply(submitted.size()));
        submitted.add(generation);
        underWay.add(generation);
        generation.result().whenComplete((result, fault) -> underWay.remove(generation));
      }
      return submitted;
    } catch (RuntimeException refused) {
      submitted.forEach(Generation::cancel);
      throw refused;
    }
  }
}
