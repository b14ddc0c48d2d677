package dev.preamble.server;

import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.sampling.Constraint;
import dev.preamble.generation.structured.Constraints;
import dev.preamble.model.FrozenModel;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * How texts are answered: the body is read on the event loop, understood and tokenized on a worker
 * thread, and submitted to the engine from the event loop again, where the answer is written.
 */
final class Answers {
  /**
   * A request that is understood.
   *
   * @param fields how it is answered
   * @param model by whom
   * @param prompts what the log may say was asked
   * @param rows what the engine is to make, {@code fields.n()} to each prompt
   * @param form the answer's form
   */
  record Prepared(
      AnswerFields fields,
      ServedModel model,
      List<String> prompts,
      List<GenerationRequest> rows,
      AnswerForm form) {}

  private final FrozenModel frozen;
  private final Models models;
  private final Generations generations;
  private final ServerConfig.Limits limits;
  private final boolean logPrompts;
  private final TokenTexts texts;
  private Optional<Constraints> constraints = Optional.empty();

  Answers(
      FrozenModel frozen,
      Models models,
      Generations generations,
      ServerConfig.Limits limits,
      boolean logPrompts) {
    this.frozen = frozen;
    this.models = models;
    this.generations = generations;
    this.limits = limits;
    this.logPrompts = logPrompts;
    this.texts = new TokenTexts(frozen);
  }

  ServerConfig.Limits limits() {
    return limits;
  }

  /** The frozen model. */
  FrozenModel frozen() {
    return frozen;
  }

  /** The texts of single tokens. */
  TokenTexts texts() {
    return texts;
  }

  /** Who is asked. */
  ServedModel model(AnswerFields fields, Exchange exchange) {
    return models.find(fields.model(), exchange.caller());
  }

  /** Answers {@code exchange} with what {@code prepare} makes of its body on a worker thread. */
  void answer(Exchange exchange, Function<Buffer, Prepared> prepare) {
    exchange
        .body(limits)
        .compose(body -> exchange.work(() -> prepare.apply(body)))
        .map(prepared -> begin(prepared, exchange))
        .onFailure(exchange.reply()::fail);
  }

  /**
   * A request that is understood.
   *
   * @param prompts what each of the texts begins with
   * @param shown what the log may say was asked
   */
  Prepared prepared(
      AnswerFields fields,
      ServedModel model,
      List<GenerationRequest> prompts,
      List<String> shown,
      AnswerForm form) {
    return new Prepared(fields, model, shown, rows(fields, model, prompts), form);
  }

  /** The rows that {@code fields} want of each of {@code prompts}. */
  private List<GenerationRequest> rows(
      AnswerFields fields, ServedModel model, List<GenerationRequest> prompts) {
    Optional<Constraint> constraint = fields.format().map(format -> format.compile(constraints()));
    List<GenerationRequest> rows = new ArrayList<>();
    for (GenerationRequest prompt : prompts) {
      rows.addAll(
          prompt
              .withAdapter(model.adapter())
              .withStop(fields.stop())
              .withSampling(fields.sampling())
              .withConstraint(constraint)
              .withDeadline(fields.timeout())
              .rows(fields.n()));
    }
    return rows;
  }

  /** Made when they are first asked for: they need to know all tokens. */
  private synchronized Constraints constraints() {
    if (constraints.isEmpty()) {
      constraints = Optional.of(new Constraints(frozen.tokenBytes()));
    }
    return constraints.get();
  }

  private Void begin(Prepared prepared, Exchange exchange) {
    exchange.record().model(prepared.model());
    if (logPrompts) {
      exchange.record().prompts(prepared.prompts());
    }
    prepared.model().headers().forEach(exchange.reply()::header);
    if (prepared.fields().stream()) {
      AnswerStream stream =
          new AnswerStream(
              prepared.form(),
              prepared.fields().includeUsage(),
              exchange,
              limits.unreadChunks() + prepared.rows().size());
      stream.begin(generations.submit(prepared.model(), prepared.rows(), stream::listener));
    } else {
      List<Generation> submitted =
          generations.submit(prepared.model(), prepared.rows(), index -> token -> {});
      new WholeAnswer(prepared.form(), exchange).begin(submitted);
    }
    return null;
  }
}
