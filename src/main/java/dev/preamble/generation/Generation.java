package dev.preamble.generation;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A request that an engine has accepted. */
public interface Generation {
  /**
   * Ends the request as soon as possible: at once when it waits, after the current token when it
   * runs. Its result then says {@link FinishReason#CANCELLED}. Does nothing to a request that is
   * done. Any thread may call it.
   */
  void cancel();

  /**
   * Completed when the request is done, with an exception if it failed. What depends on it runs on
   * the engine's thread unless it says otherwise, and must not block there.
   */
  CompletableFuture<GenerationResult> result();

  /** Waits for the result; throws what the request failed with. Not for the engine's thread. */
  default GenerationResult await() {
    try {
      return result().join();
    } catch (CompletionException fault) {
      throw fault.getCause() instanceof RuntimeException cause ? cause : fault;
    }
  }
}
