package dev.preamble.generation;

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

  /** What the engine is doing now; approximate while requests run. */
  EngineStatus status();

  /** Accepts nothing more, waits until all accepted requests are done, and frees what it holds. */
  @Override
  void close();
}
