package dev.preamble.generation;

import dev.preamble.generation.sampling.Workspace;
import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.model.TextTokenizer;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The plain engine: one row at a time, in the order of submission, over a key/value cache of its
 * own. Its one platform thread owns the session and the prefixes; waiting rows stand in a bounded
 * queue.
 *
 * <p>A row's cache holds exactly the positions that its request may take: virtual tokens, prompt
 * and completion. The adapter's prefix is copied into it, so a prefix that is given up meanwhile
 * harms nobody.
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
  private final PrefixStore prefixes;
  private final Workspace workspace;
  private final ThreadPoolExecutor thread;

  private NaiveEngine(FrozenModel model, EngineOptions options) {
    this.runner = new ModelRunner(model, options.threads());
    this.tokenizer = model.manifest().tokenizer().map(file -> model.tokenizer());
    this.prefixes = new PrefixStore(options.prefixBytes(), runner::prefix);
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
    try {
      thread.execute(new Turn(row, () -> run(row)));
    } catch (RejectedExecutionException refused) {
      throw new EngineBusyException(
          thread.isShutdown()
              ? "the engine is closed"
              : "%,d requests wait already; try again later".formatted(thread.getQueue().size()));
    }
    return row;
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
    int[] prompt = request.prompt();
    if (row.cancelled()) {
      return FinishReason.CANCELLED;
    }
    try (KeyValueCache cache =
            runner.cache(request.virtualTokens() + prompt.length + request.maxTokens());
        CachedSequence sequence = runner.sequence(cache)) {
      request.adapter().ifPresent(adapter -> prefixes.fill(adapter, cache));
      RowText text = new RowText(row, runner.manifest(), tokenizer, workspace);
      MemorySegment next = prefill(row, sequence, prompt);
      if (request.maxTokens() == 0) {
        return FinishReason.LENGTH;
      }
      while (!row.cancelled() && !row.late()) {
        Optional<FinishReason> end = text.take(next, 0);
        if (end.isPresent()) {
          return end.get();
        }
        next = sequence.advance(row.lastToken());
      }
      return row.cancelled() ? FinishReason.CANCELLED : FinishReason.TIMEOUT;
    }
  }

  /** Puts the prompt behind the adapter's prefix; gives the logits that follow it. */
  private MemorySegment prefill(Row row, CachedSequence sequence, int[] prompt) {
    OptionalInt alternatives = row.request().promptLogProbabilities();
    if (alternatives.isEmpty()) {
      return sequence.advance(prompt);
    }
    int vocabulary = runner.manifest().vocabularySize();
    PromptScores scores = new PromptScores(prompt, vocabulary, tokenizer, alternatives.getAsInt());
    for (int start = 0; start < prompt.length - 1; start += SCORED_PASS) {
      int end = Math.min(prompt.length - 1, start + SCORED_PASS);
      MemorySegment logits = sequence.advanceWithAllLogits(Arrays.copyOfRange(prompt, start, end));
      scores.take(logits, end - start);
    }
    row.givePrompt(scores.tokens());
    return sequence.advance(prompt[prompt.length - 1]);
  }

  @Override
  public EngineStatus status() {
    return new EngineStatus(
        thread.getActiveCount(), thread.getQueue().size(), prefixes.statistics());
  }

  @Override
  public void close() {
    thread.close();
    prefixes.close();
    runner.close();
  }
}
