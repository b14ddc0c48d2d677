package dev.preamble.generation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A request in the engine, from submission to result. Everything but {@link #cancel} and {@link
 * #result} belongs to the engine's thread.
 */
final class Row implements Generation {
  private volatile GenerationRequest request;
  private volatile boolean loaded = true;
  private final TokenListener listener;
  private final Consumer<Row> onCancel;
  private final CompletableFuture<GenerationResult> result = new CompletableFuture<>();
  private List<ScoredToken> prompt = List.of();
  private final List<GeneratedToken> tokens = new ArrayList<>();
  private final long submitted = System.nanoTime();
  private long started = submitted;
  private long first = submitted;
  private volatile boolean cancelled;

  /**
   * @param onCancel told of this row when it is cancelled
   */
  Row(GenerationRequest request, TokenListener listener, Consumer<Row> onCancel) {
    this.request = request;
    this.listener = listener;
    this.onCancel = onCancel;
  }

  GenerationRequest request() {
    return request;
  }

  /** Its adapter is not there yet. */
  void awaitAdapter() {
    loaded = false;
  }

  /** Its adapter is there. */
  void underAdapter(GenerationRequest complete) {
    request = complete;
    loaded = true;
  }

  /** Whether its adapter is there, if it has one. */
  boolean isLoaded() {
    return loaded;
  }

  boolean cancelled() {
    return cancelled;
  }

  void start() {
    started = System.nanoTime();
  }

  /** Whether more time has passed since its submission than its deadline allows. */
  boolean late() {
    return request
        .deadline()
        .filter(time -> System.nanoTime() - submitted > time.toNanos())
        .isPresent();
  }

  /** Records the prompt's scores. */
  void givePrompt(List<ScoredToken> scored) {
    prompt = scored;
  }

  /** Records a token and tells the listener. */
  void give(GeneratedToken token) {
    if (tokens.isEmpty()) {
      first = System.nanoTime();
    }
    tokens.add(token);
    listener.onToken(token);
  }

  /** Tells the listener that all rows of a step have their tokens. */
  void endStep() {
    listener.onStepEnd();
  }

  /** The token that came last; one has come. */
  int lastToken() {
    return tokens.getLast().id();
  }

  /** The tokens of its text, from the prompt's first to the last that came out. */
  int[] text() {
    int[] given = request.prompt();
    int[] text = Arrays.copyOf(given, given.length + tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      text[given.length + i] = tokens.get(i).id();
    }
    return text;
  }

  /** Tokens that may still come. */
  int remaining() {
    return request.maxTokens() - tokens.size();
  }

  void finish(FinishReason reason) {
    long now = System.nanoTime();
    if (tokens.isEmpty()) {
      first = now;
    }
    Usage usage = new Usage(request.prompt().length, request.virtualTokens(), tokens.size());
    Timing timing =
        new Timing(
            Duration.ofNanos(started - submitted),
            Duration.ofNanos(first - started),
            Duration.ofNanos(now - started));
    result.complete(new GenerationResult(prompt, tokens, reason, usage, timing));
  }

  void fail(Throwable fault) {
    result.completeExceptionally(fault);
  }

  @Override
  public void cancel() {
    cancelled = true;
    onCancel.accept(this);
  }

  @Override
  public CompletableFuture<GenerationResult> result() {
    return result;
  }
}
