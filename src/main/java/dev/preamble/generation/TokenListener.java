package dev.preamble.generation;

/** Is told each token of a request as it comes. */
@FunctionalInterface
public interface TokenListener {
  /** Called once a token, in order, on the engine's thread; must not block. */
  void onToken(GeneratedToken token);
}
