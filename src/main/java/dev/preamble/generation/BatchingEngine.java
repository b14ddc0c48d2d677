package dev.preamble.generation;

import dev.preamble.generation.sampling.Workspace;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Logits;
import dev.preamble.model.SlotCache;
import dev.preamble.model.TextTokenizer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * The engine: rows of many requests, under any mix of adapters, decode together in one batch that
 * they join and leave at any step.
 *
 * <p>One platform thread owns the session, the cache and both stores. It goes round a loop: rows
 * whose client has gone or whose time is up leave; rows that wait are admitted while there is room;
 * one chunk of one prompt enters the model; one step gives every decoding row its next token. What
 * holds between any two of these:
 *
 * <ol>
 *   <li>A row is in one place: in the scheduler's queue, in the batch, or done. Its result is
 *       completed once, after everything that it held is given back.
 *   <li>The row in place i of the batch owns slot i of the cache and no other; the rows that decode
 *       come first. A slot's positions are its row's adapter, prompt and tokens in order, up to and
 *       without the token that enters next.
 *   <li>Rows share the weights and one call, nothing else. A row's arithmetic is the same whoever
 *       decodes beside it, its random numbers are its own, and whatever goes wrong with its prompt,
 *       its sampling or its listener ends that row alone.
 *   <li>Whatever is kept for later rows is a copy, known by content: an adapter's prefix by the
 *       digest of the adapter, a text by that digest and its tokens. Giving one up, or loading
 *       other content under an old name, never changes a row. An empty slot that still holds the
 *       prefix that a row needs is such a copy too.
 *   <li>Memory is bounded by the options: the cache, the prefixes and the texts each have a budget
 *       in bytes, and a request that could never fit is refused when it is submitted.
 *   <li>Nobody waits for anybody's prompt for longer than a chunk, for anybody's files at all, and
 *       in the queue only for rows of adapters that have no more rows under way than his own.
 *   <li>No step allocates but for what it gives out: tokens and their text.
 * </ol>
 */
public final class BatchingEngine implements Engine {
  /** Rows whose prompts enter at the same time, a chunk each in turn. */
  private static final int PREFILLS = 4;

  private final ModelRunner runner;
  private final Optional<TextTokenizer> tokenizer;
  private final Workspace workspace;
  private final Scheduler scheduler;
  private final AdapterLoader loader = new AdapterLoader();
  private final BlockPool pool;
  private final PrefixStore prefixes;
  private final TextStore texts;
  private final Batch batch;
  private final Prefill prefill;
  private final int[] step;
  private final Thread thread;

  private BatchingEngine(FrozenModel model, EngineOptions options, Batch.Resizing resizing) {
    this.runner = new ModelRunner(model, options.threads(), options.spins());
    this.tokenizer = model.manifest().tokenizer().map(file -> model.tokenizer());
    this.workspace = new Workspace(model.manifest().vocabularySize());
    this.scheduler = new Scheduler(options.queue());
    this.pool =
        new BlockPool(
            SlotCache.bytesPerPosition(model.manifest()),
            blocks -> runner.slots(blocks, BlockPool.POSITIONS));
    this.prefixes = new PrefixStore(options.prefixBytes(), pool);
    this.texts = new TextStore(options.textBytes(), pool);
    this.batch = new Batch(runner, resizing, options.rows(), options.cacheBytes());
    this.prefill = new Prefill(runner, batch, prefixes, texts);
    this.step = new int[options.rows()];
    this.thread = Thread.ofPlatform().name("preamble-engine").start(this::loop);
  }

  /**
   * An engine that runs {@code model}, which must stay open until the engine is closed.
   *
   * @throws dev.preamble.PreambleException if the model cannot be run
   */
  public static BatchingEngine open(FrozenModel model, EngineOptions options) {
    return open(model, options, SlotCache::resized);
  }

  /** As above, with a cache that grows by {@code resizing}. */
  static BatchingEngine open(FrozenModel model, EngineOptions options, Batch.Resizing resizing) {
    return new BatchingEngine(model, options, resizing);
  }

  @Override
  public Generation submit(GenerationRequest request, TokenListener listener) {
    check(request);
    Row row = new Row(request, listener, this::leaveQueue);
    scheduler.offer(row, request.adapter().map(FittedAdapter::digest).orElse(""));
    return row;
  }

  @Override
  public Generation submit(
      GenerationRequest request, AdapterSource source, TokenListener listener) {
    check(request);
    Row row = new Row(request, listener, this::leaveQueue);
    row.awaitAdapter();
    scheduler.offer(row, "source " + source.key());
    loader.load(source).whenComplete((adapter, fault) -> loaded(row, adapter, fault));
    return row;
  }

  /** A row's adapter is there, or cannot be had. */
  private void loaded(Row row, FittedAdapter adapter, Throwable fault) {
    Throwable refusal = fault;
    if (fault == null) {
      try {
        GenerationRequest request = row.request().withAdapter(adapter);
        check(request);
        row.underAdapter(request);
        scheduler.wake();
        return;
      } catch (RuntimeException refused) {
        refusal = refused;
      }
    }
    if (scheduler.remove(row)) {
      row.fail(refusal);
    }
  }

  private void check(GenerationRequest request) {
    runner.check(request);
    int positions = ActiveRow.positions(request);
    if (positions > batch.longest()) {
      throw new RequestException(
          "max_tokens",
          "max_tokens: the engine's cache has room for %,d positions; asked for %,d; ask for fewer, or allow the cache more bytes"
              .formatted(batch.longest(), positions));
    }
  }

  private void leaveQueue(Row row) {
    if (scheduler.remove(row)) {
      row.start();
      row.finish(FinishReason.CANCELLED);
    }
  }

  private void loop() {
    while (scheduler.await()) {
      try {
        leave();
        admit();
        prefill.next().ifPresent(this::prefill);
        decode();
        batch.measure();
      } catch (Throwable fault) {
        failAll(fault);
      }
    }
  }

  /** Ends the rows under way, whose cache may be no good. */
  private void failAll(Throwable fault) {
    for (ActiveRow row : batch.drop()) {
      scheduler.finished(row.lane());
      row.row().fail(fault);
    }
  }

  /** Rows whose client has gone, or whose time is up, go no further. */
  private void leave() {
    scheduler
        .late()
        .forEach(
            row -> {
              row.start();
              row.finish(FinishReason.TIMEOUT);
            });
    for (int slot = batch.rows().size() - 1; slot >= 0; slot--) {
      ActiveRow row = batch.rows().get(slot);
      if (row.row().cancelled()) {
        finish(row, FinishReason.CANCELLED);
      } else if (row.row().late()) {
        finish(row, FinishReason.TIMEOUT);
      }
    }
  }

  private void admit() {
    while (batch.rows().size() - batch.decoding() < PREFILLS) {
      Optional<Scheduler.Waiting> next = scheduler.next();
      if (next.isEmpty() || !makeRoom(next.get())) {
        return;
      }
      if (scheduler.start(next.get())) {
        admit(next.get());
      }
    }
  }

  /** Whether there is room for {@code next}; if memory for it is lacking, it and the rest end. */
  private boolean makeRoom(Scheduler.Waiting next) {
    try {
      return batch.makeRoom(ActiveRow.positions(next.row().request()));
    } catch (Throwable fault) {
      failAll(fault);
      if (scheduler.remove(next.row())) {
        next.row().start();
        next.row().fail(fault);
      }
      return false;
    }
  }

  private void admit(Scheduler.Waiting next) {
    Row row = next.row();
    row.start();
    ActiveRow active;
    try {
      GenerationRequest request = row.request();
      OptionalInt scored = request.promptLogProbabilities();
      int vocabulary = runner.manifest().vocabularySize();
      Optional<PromptScores> scores =
          scored.isEmpty()
              ? Optional.empty()
              : Optional.of(
                  new PromptScores(request.prompt(), vocabulary, tokenizer, scored.getAsInt()));
      RowText text = new RowText(row, runner.manifest(), tokenizer, workspace);
      active = new ActiveRow(row, next.lane(), text, scores);
    } catch (Throwable fault) {
      scheduler.finished(next.lane());
      row.fail(fault);
      return;
    }
    batch.add(active);
    guard(active, () -> prefill.begin(active));
    if (batch.rows().contains(active) && active.isReadyToDecode()) {
      batch.decode(active);
    }
  }

  /** Whatever goes wrong with a row ends that row only. */
  private void guard(ActiveRow row, Runnable work) {
    try {
      work.run();
    } catch (Throwable fault) {
      fail(row, fault);
    }
  }

  private void prefill(ActiveRow row) {
    guard(
        row,
        () -> {
          Optional<Prefill.Prompted> prompted = prefill.advance(row);
          if (prompted.isPresent()) {
            prompted(row, prompted.get());
          } else if (row.isReadyToDecode()) {
            batch.decode(row);
          }
        });
  }

  private void prompted(ActiveRow row, Prefill.Prompted prompted) {
    if (row.row().request().maxTokens() == 0) {
      finish(row, FinishReason.LENGTH);
    } else if (take(row, prompted.logits(), prompted.place())) {
      row.row().endStep();
      batch.decode(row);
    }
  }

  private void decode() {
    int count = batch.decoding();
    if (count == 0) {
      return;
    }
    List<ActiveRow> rows = batch.rows();
    for (int slot = 0; slot < count; slot++) {
      step[slot] = rows.get(slot).next();
    }
    Logits logits;
    try {
      logits = batch.step().step(step);
    } catch (Throwable fault) {
      List.copyOf(rows.subList(0, count)).forEach(row -> fail(row, fault));
      return;
    }
    for (int slot = count - 1; slot >= 0; slot--) {
      ActiveRow row = rows.get(slot);
      try {
        take(row, logits, slot);
      } catch (Throwable fault) {
        fail(row, fault);
      }
    }
    for (int slot = batch.decoding() - 1; slot >= 0; slot--) {
      ActiveRow row = rows.get(slot);
      try {
        row.row().endStep();
      } catch (Throwable fault) {
        fail(row, fault);
      }
    }
  }

  /** Gives the row its next token, unless nobody wants it; says whether the row goes on. */
  private boolean take(ActiveRow row, Logits logits, int place) {
    if (row.row().cancelled()) {
      finish(row, FinishReason.CANCELLED);
      return false;
    }
    Optional<FinishReason> end = row.text().take(logits, place);
    if (end.isPresent()) {
      finish(row, end.get());
    } else {
      row.goOn();
    }
    return end.isEmpty();
  }

  private void finish(ActiveRow row, FinishReason reason) {
    try {
      prefill.keepText(row, row.row().text());
    } catch (Throwable fault) {
      fail(row, fault);
      return;
    }
    release(row);
    row.row().finish(reason);
  }

  private void fail(ActiveRow row, Throwable fault) {
    release(row);
    row.row().fail(fault);
  }

  private void release(ActiveRow row) {
    batch.remove(row);
    scheduler.finished(row.lane());
  }

  /** What it is made of, for a look at its invariants and its speed. */
  record Parts(
      ModelRunner runner,
      Scheduler scheduler,
      Batch batch,
      BlockPool pool,
      PrefixStore prefixes,
      TextStore texts) {}

  Parts parts() {
    return new Parts(runner, scheduler, batch, pool, prefixes, texts);
  }

  @Override
  public CompletableFuture<Void> pin(FittedAdapter adapter) {
    prefixes.pin(adapter);
    try {
      GenerationRequest any = GenerationRequest.of(0).withAdapter(adapter).withMaxTokens(1);
      return submit(any).result().thenAccept(result -> {});
    } catch (RuntimeException refused) {
      prefixes.unpin(adapter.digest());
      throw refused;
    }
  }

  @Override
  public void unpin(String digest) {
    prefixes.unpin(digest);
  }

  @Override
  public EngineStatus status() {
    return new EngineStatus(
        scheduler.running(),
        scheduler.waiting(),
        batch.usage(),
        prefixes.statistics(),
        texts.statistics());
  }

  @Override
  public void close() {
    scheduler.close();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException again) {
        interrupted = true;
      }
    }
    loader.close();
    batch.close();
    pool.close();
    runner.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
