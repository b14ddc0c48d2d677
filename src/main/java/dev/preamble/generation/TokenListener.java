package dev.preamble.generation;

/** Is told each token of a request as it comes. */
@FunctionalInterface
public interface TokenListener {
  /** Called once a token, in order, on the engine's thread; must not block. */
  void onToken(GeneratedToken token);

  /**
   * Called on the engine's thread when all rows of a step have been told their tokens: the time to
   * pass on what came, so that nobody's work comes between a step's rows. A row that ended with the
   * step has its result completed instead; must not block.
   */
  default void onStepEnd() {}
}
