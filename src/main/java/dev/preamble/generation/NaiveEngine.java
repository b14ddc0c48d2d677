package dev.preamble.generation;

import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.model.TextTokenizer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalDouble;
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

  private final ModelRunner runner;
  private final Optional<TextTokenizer> tokenizer;
  private final PrefixStore prefixes;
  private final ThreadPoolExecutor thread;

  private NaiveEngine(FrozenModel model, EngineOptions options) {
    this.runner = new ModelRunner(model, options.threads());
    this.tokenizer = model.manifest().tokenizer().map(file -> model.tokenizer());
    this.prefixes = new PrefixStore(options.prefixBytes(), runner::prefix);
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
    runner.check(request.prompt(), request.adapter(), request.maxTokens());
    if (!request.stop().isEmpty() && tokenizer.isEmpty()) {
      throw new RequestException("stop", "stop: the model has no tokenizer, so there is no text");
    }
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
      TextStream text = new TextStream(tokenizer, prompt, request.stop());
      MemorySegment next = sequence.advance(prompt);
      while (!row.cancelled()) {
        int token = give(row, text, Logits.row(next, 0, runner.manifest().vocabularySize()));
        if (isEnd(token) || text.stopped()) {
          return FinishReason.STOP;
        }
        if (row.remaining() == 0) {
          return FinishReason.LENGTH;
        }
        next = sequence.advance(token);
      }
      return FinishReason.CANCELLED;
    }
  }

  /** Gives the most probable token to the row; the last one brings what text was held back. */
  private int give(Row row, TextStream text, Logits logits) {
    int token = logits.mostProbable();
    String piece = isEnd(token) ? "" : text.append(token);
    boolean last = isEnd(token) || row.remaining() == 1;
    row.give(
        token,
        last ? piece + text.finish() : piece,
        row.request().logProbabilities()
            ? OptionalDouble.of(logits.logProbability(token))
            : OptionalDouble.empty());
    return token;
  }

  private boolean isEnd(int token) {
    return runner.manifest().specialTokens().eos().contains(token);
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
