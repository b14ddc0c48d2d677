package dev.preamble.generation;

import dev.preamble.generation.sampling.Workspace;
import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.model.Logits;
import dev.preamble.model.TextTokenizer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The plain engine, which says what the other must give: one row at a time, in the order of
 * submission, and for each token a pass over all that precedes it. It keeps nothing from one pass
 * to the next.
 */
public final class NaiveEngine implements Engine {
  /** A row and how it runs, as it stands in the queue. */
  private record Turn(Row row, Runnable body) implements Runnable {
    @Override
    public void run() {
      body.run();
    }
  }

  /** Prompt tokens that pass at a time where all their logits are wanted. */
  private static final int SCORED_PASS = 128;

  private final ModelRunner runner;
  private final Optional<TextTokenizer> tokenizer;
  private final Workspace workspace;
  private final ThreadPoolExecutor thread;

  private NaiveEngine(FrozenModel model, EngineOptions options) {
    this.runner = new ModelRunner(model, options.threads());
    this.tokenizer = model.manifest().tokenizer().map(file -> model.tokenizer());
    this.workspace = new Workspace(model.manifest().vocabularySize());
    this.thread =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(options.queue()),
            Thread.ofPlatform().name("preamble-engine").factory());
  }

  /**
   * An engine that runs {@code model}, which must stay open until the engine is closed.
   *
   * @throws dev.preamble.PreambleException if the model cannot be run
   */
  public static NaiveEngine open(FrozenModel model, EngineOptions options) {
    return new NaiveEngine(model, options);
  }

  @Override
  public Generation submit(GenerationRequest request, TokenListener listener) {
    runner.check(request);
    Row row = new Row(request, listener, this::leaveQueue);
    enqueue(row, () -> run(row));
    return row;
  }

  @Override
  public Generation submit(
      GenerationRequest request, AdapterSource source, TokenListener listener) {
    runner.check(request);
    Row row = new Row(request, listener, this::leaveQueue);
    enqueue(row, () -> load(row, source));
    return row;
  }

  private void enqueue(Row row, Runnable body) {
    try {
      thread.execute(new Turn(row, body));
    } catch (RejectedExecutionException refused) {
      throw new EngineBusyException(
          thread.isShutdown()
              ? "the engine is closed"
              : "%,d requests wait already; try again later".formatted(thread.getQueue().size()));
    }
  }

  private void load(Row row, AdapterSource source) {
    try {
      GenerationRequest complete = row.request().withAdapter(source.load());
      runner.check(complete);
      row.underAdapter(complete);
    } catch (Throwable fault) {
      row.fail(fault);
      return;
    }
    run(row);
  }

  private void leaveQueue(Row row) {
    if (thread.getQueue().removeIf(waiting -> waiting instanceof Turn turn && turn.row() == row)) {
      row.start();
      row.finish(FinishReason.CANCELLED);
    }
  }

  /** Whatever goes wrong in a row ends that row only. */
  private void run(Row row) {
    row.start();
    try {
      row.finish(generate(row));
    } catch (Throwable fault) {
      row.fail(fault);
    }
  }

  private FinishReason generate(Row row) {
    GenerationRequest request = row.request();
    if (row.cancelled()) {
      return FinishReason.CANCELLED;
    }
    RowText text = new RowText(row, runner.manifest(), tokenizer, workspace);
    request.promptLogProbabilities().ifPresent(alternatives -> score(row, alternatives));
    if (request.maxTokens() == 0) {
      return FinishReason.LENGTH;
    }
    while (!row.cancelled() && !row.late()) {
      Optional<FinishReason> end = next(row, text);
      if (end.isPresent()) {
        return end.get();
      }
      row.endStep();
    }
    return row.cancelled() ? FinishReason.CANCELLED : FinishReason.TIMEOUT;
  }

  /** One token more, from a pass over adapter, prompt and the tokens so far. */
  private Optional<FinishReason> next(Row row, RowText text) {
    int[] tokens = row.text();
    try (KeyValueCache cache = runner.cache(row.request().virtualTokens() + tokens.length);
        CachedSequence sequence = runner.sequence(cache)) {
      row.request().adapter().ifPresent(adapter -> ModelRunner.enter(adapter, cache, sequence));
      return text.take(Logits.of(sequence.advance(tokens), runner.manifest().vocabularySize()), 0);
    }
  }

  private void score(Row row, int alternatives) {
    int[] prompt = row.request().prompt();
    int vocabulary = runner.manifest().vocabularySize();
    PromptScores scores = new PromptScores(prompt, vocabulary, tokenizer, alternatives);
    try (KeyValueCache cache = runner.cache(row.request().virtualTokens() + prompt.length);
        CachedSequence sequence = runner.sequence(cache)) {
      row.request().adapter().ifPresent(adapter -> ModelRunner.enter(adapter, cache, sequence));
      for (int start = 0; start < prompt.length; start += SCORED_PASS) {
        int end = Math.min(prompt.length, start + SCORED_PASS);
        scores.take(
            sequence.advanceWithAllLogits(Arrays.copyOfRange(prompt, start, end)), end - start);
      }
    }
    row.givePrompt(scores.tokens());
  }

  @Override
  public CompletableFuture<Void> pin(FittedAdapter adapter) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void unpin(String digest) {}

  @Override
  public EngineStatus status() {
    return new EngineStatus(
        thread.getActiveCount(),
        thread.getQueue().size(),
        CacheUsage.NONE,
        PrefixStatistics.NONE,
        PrefixStatistics.NONE);
  }

  @Override
  public void close() {
    thread.close();
    runner.close();
  }
}
