package dev.preamble.generation;

import java.util.concurrent.CompletableFuture;

/**
 * Turns requests into tokens of one frozen model. Requests under different adapters never influence
 * one another: each gives the tokens that it gives alone, and each finishes, fails or is cancelled
 * alone. Any thread may submit.
 */
public interface Engine extends AutoCloseable {
  /**
   * Accepts a request, to be run when its turn comes.
   *
   * @param listener told each token as it comes, on the engine's own thread: it must not block, and
   *     what it throws fails its own request only
   * @throws RequestException if the request cannot be run on this model: nothing has run then
   * @throws EngineBusyException if as many requests wait as the engine lets wait, or it is closed
   */
  Generation submit(GenerationRequest request, TokenListener listener);

  /** Accepts a request that only its result is wanted of. */
  default Generation submit(GenerationRequest request) {
    return submit(request, token -> {});
  }

  /**
   * Accepts a request under an adapter that is loaded first, while others run. What is wrong with
   * the adapter, or with the request under it, is what the request fails with.
   *
   * @param request names no adapter
   * @throws RequestException if the request cannot be run under any adapter
   * @throws EngineBusyException as above
   */
  Generation submit(GenerationRequest request, AdapterSource source, TokenListener listener);

  /**
   * Computes an adapter's prefix, if that is not kept already, and keeps it until {@link #unpin}.
   *
   * @return completed when the prefix is there
   * @throws dev.preamble.PreambleException if it does not fit beside the others that are pinned
   * @throws EngineBusyException if the engine takes nothing more now
   */
  CompletableFuture<Void> pin(FittedAdapter adapter);

  /** Lets the prefix of the adapter with this digest go when others need its room. */
  void unpin(String digest);

  /** What the engine is doing now; approximate while requests run. */
  EngineStatus status();

  /** Accepts nothing more, waits until all accepted requests are done, and frees what it holds. */
  @Override
  void close();
}
