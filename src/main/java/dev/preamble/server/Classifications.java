package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.Candidates;
import dev.preamble.generation.Classification;
import dev.preamble.generation.Classifier;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * {@code POST /v1/classify}: how probable labels are behind texts, under one adapter or several
 * together. One thread computes, with a session of its own that is opened at the first request.
 */
final class Classifications implements AutoCloseable {
  private static final int MOST_WAITING = 64;

  /** Rows that are scored before it is asked again whether the client is still there. */
  private static final int ROWS = 64;

  private final FrozenModel frozen;
  private final Models models;
  private final ServerConfig.Limits limits;
  private final ServerMetrics metrics;
  private final int threads;
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(MOST_WAITING),
          Thread.ofPlatform().name("preamble-classify").factory());
  private Optional<Classifier> classifier = Optional.empty();

  /**
   * @param threads threads that compute
   */
  Classifications(
      FrozenModel frozen,
      Models models,
      ServerConfig.Limits limits,
      ServerMetrics metrics,
      int threads) {
    this.frozen = frozen;
    this.models = models;
    this.limits = limits;
    this.metrics = metrics;
    this.threads = threads;
  }

  /** Requests whose turn has not come. */
  int waiting() {
    return thread.getQueue().size();
  }

  private record Prepared(
      ClassifyRequest request, List<ServedModel> models, List<Candidates> texts) {
    List<Optional<FittedAdapter>> adapters() {
      return models.stream().map(ServedModel::adapter).toList();
    }

    /** Tokens of the texts, their labels left out. */
    int promptTokens() {
      return texts.stream().mapToInt(Candidates::common).sum();
    }
  }

  void answer(Exchange exchange) {
    exchange
        .body(limits)
        .compose(body -> exchange.work(() -> prepare(exchange, body.getBytes())))
        .compose(
            prepared -> {
              exchange.record().model(prepared.models().getFirst());
              prepared.models().getFirst().headers().forEach(exchange.reply()::header);
              return compute(prepared, exchange.reply());
            })
        .onFailure(exchange.reply()::fail)
        .onSuccess(json -> exchange.reply().json(200, json));
  }

  private Prepared prepare(Exchange exchange, byte[] body) {
    ClassifyRequest request = ClassifyRequest.parse(body, limits);
    List<ServedModel> served =
        request.models().stream().map(id -> models.find(id, exchange.caller())).toList();
    List<String> behind = request.labels().stream().map(label -> " " + label).toList();
    List<Candidates> texts =
        request.inputs().stream()
            .map(input -> Candidates.of(frozen.tokenizer(), input, behind))
            .toList();
    return new Prepared(request, served, texts);
  }

  /** Once the client is gone what waits is taken back, and what runs ends after its slice. */
  private Future<ObjectNode> compute(Prepared prepared, Reply reply) {
    Promise<ObjectNode> answer = Promise.promise();
    AtomicBoolean gone = new AtomicBoolean();
    long submitted = System.nanoTime();
    Runnable task =
        () -> {
          try {
            long begun = System.nanoTime();
            Optional<List<List<Classification>>> scores = classify(prepared, gone);
            if (scores.isPresent()) {
              metrics.classified(
                  prepared.models(),
                  prepared.texts().size(),
                  prepared.promptTokens(),
                  Duration.ofNanos(begun - submitted),
                  Duration.ofNanos(System.nanoTime() - begun));
              answer.complete(json(prepared, scores.get()));
            }
          } catch (Throwable fault) {
            answer.fail(fault);
          }
        };
    try {
      thread.execute(task);
    } catch (RejectedExecutionException full) {
      return Future.failedFuture(
          ApiError.unavailable(
              "engine_busy",
              "%d classifications wait already; try again later".formatted(MOST_WAITING)));
    }
    reply.onGone(
        () -> {
          gone.set(true);
          thread.remove(task);
        });
    return answer.future();
  }

  /** On the thread that computes; nothing when the client has gone meanwhile. */
  private Optional<List<List<Classification>>> classify(Prepared prepared, AtomicBoolean gone) {
    if (classifier.isEmpty()) {
      classifier = Optional.of(Classifier.open(frozen, threads));
    }
    List<Candidates> texts = prepared.texts();
    List<Optional<FittedAdapter>> adapters = prepared.adapters();
    texts.forEach(text -> adapters.forEach(adapter -> classifier.get().check(text, adapter)));
    List<List<Classification>> scores = new ArrayList<>();
    int step = Math.max(1, ROWS / (adapters.size() * rows(texts.getFirst())));
    for (int from = 0; from < texts.size() && !gone.get(); from += step) {
      List<Candidates> slice = texts.subList(from, Math.min(from + step, texts.size()));
      scores.addAll(classifier.get().classify(slice, adapters));
    }
    return gone.get() ? Optional.empty() : Optional.of(scores);
  }

  /** A text is one row if each label is one token, else a row for each label. */
  private static int rows(Candidates text) {
    boolean single = text.whole().stream().allMatch(each -> each.length == text.common() + 1);
    return single ? 1 : text.whole().size();
  }

  private static ObjectNode json(Prepared prepared, List<List<Classification>> scores) {
    ClassifyRequest request = prepared.request();
    ObjectNode json = AnswerHead.of("classify", String.join(",", request.models())).json("list");
    request.labels().forEach(json.putArray("labels")::add);
    ArrayNode data = json.putArray("data");
    for (List<Classification> text : scores) {
      List<List<Double>> opinions = new ArrayList<>();
      text.forEach(each -> opinions.add(each.probabilities(request.normalised())));
      ObjectNode one = data.addObject().put("index", data.size() - 1);
      one.put("label", request.labels().get(request.ensemble().choose(opinions)));
      ArrayNode probabilities = one.putArray("probs");
      request.ensemble().combine(opinions).forEach(probabilities::add);
      one.put("num_classes", request.labels().size());
    }
    json.set("usage", usage(prepared));
    return json;
  }

  /** A text counts once, its labels not at all; virtual tokens stand apart. */
  private static ObjectNode usage(Prepared prepared) {
    int prompt = prepared.promptTokens();
    int virtual =
        prepared.adapters().stream()
            .flatMap(Optional::stream)
            .mapToInt(FittedAdapter::virtualTokens)
            .sum();
    return JsonNodeFactory.instance
        .objectNode()
        .put("prompt_tokens", prompt)
        .put("completion_tokens", 0)
        .put("total_tokens", prompt)
        .put("virtual_tokens", virtual * prepared.texts().size());
  }

  /** Waits for what was accepted, and frees the session. */
  @Override
  public void close() {
    thread.close();
    classifier.ifPresent(Classifier::close);
  }
}
